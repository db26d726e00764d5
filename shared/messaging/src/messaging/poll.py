"""Looking again and again for what may have come: often while there is work, seldom at rest."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

AT_REST = 5.0
"""Seconds between two looks of a process at rest: the only one of its service, which has committed nothing lately."""


class Poll:
    """Tells when it is time for another look: each time it is asked, but at rest only every AT_REST seconds."""

    def __init__(self, is_at_rest: Callable[[], bool], *, clock: Callable[[], float] = monotonic) -> None:
        self._is_at_rest = is_at_rest
        self._clock = clock
        self._looked_at = float("-inf")

    def is_due(self) -> bool:
        """Tell whether to look now; who is told so looks."""
        now = self._clock()
        if self._is_at_rest() and now - self._looked_at < AT_REST:
            return False
        self._looked_at = now
        return True
