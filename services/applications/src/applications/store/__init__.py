"""The only place that knows MongoDB and where the catalogue's files lie."""
