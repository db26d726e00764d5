"""The command line `operations`."""
