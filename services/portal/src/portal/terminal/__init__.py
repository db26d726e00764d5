"""The terminal: a kiosk in a hall or a mall, for whoever puts their card on it."""
