"""Applications: what residents apply for, what it needs, where it stands, how it ended."""
