"""The portal over a whole running system, in real browsers."""
