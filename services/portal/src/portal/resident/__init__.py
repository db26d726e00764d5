"""`/`: the resident, on a phone."""
