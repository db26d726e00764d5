"""`/doors/`: the grid officer's place, on a phone, also without a network."""
