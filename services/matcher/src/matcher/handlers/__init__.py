"""The use cases: what the matcher does with an event or a request."""
