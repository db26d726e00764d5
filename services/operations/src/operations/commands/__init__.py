"""The command line `operations`: the HTTP API for operators at a terminal and for scripts."""
