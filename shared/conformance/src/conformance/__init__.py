"""Conformance: a department's messages against the contract, and a sender's manners against a running system."""
