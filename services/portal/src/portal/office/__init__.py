"""`/office/`: how well things go, and where people need not check any more; the officials' place."""
