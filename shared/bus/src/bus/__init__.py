"""The bus: topology, envelope, consumer, relay, retries, dead letters. A service uses a table and functions."""
