"""The bus: topology, envelope, inbox and outbox, relay, retries, dead letters. A service uses a table and functions."""
