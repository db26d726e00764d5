"""How long tests wait: so long that only what never comes is missed, however slow the machine is."""

from __future__ import annotations

PATIENCE = 90.0
"""Seconds after which what is waited for will not come any more; a test that passes ends as soon as it has come."""

IN_TIME = 30.0
"""Seconds within which something ends that would last minutes, or for ever, if nothing ended it."""
