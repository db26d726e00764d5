"""The clerk's place: people who stand at a community window with their card."""
