"""Review dispatch: brings what could not be proven automatically to the right people, in time."""
