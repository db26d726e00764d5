"""`/hall/`: what the district publishes, for everybody; nobody signs in for it."""
