"""The rules: entries, the chain that seals them, guardianships, disputes."""
