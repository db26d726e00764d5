"""Commands: whether a credential counts, checked by whoever was shown it."""
