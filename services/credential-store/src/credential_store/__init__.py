"""Electronic credentials: what was approved or granted, under a proper identifier, with validity and status."""
