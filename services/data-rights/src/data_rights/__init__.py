"""The residents' record of who used their data, and what they may ask for."""
