"""Progress by number and code, for whoever holds a receipt and has no account."""
