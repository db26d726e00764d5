"""Looking again and again for what may have come: often while there is work, seldom at rest."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

AT_REST = 5.0
"""Seconds between two looks of a process at rest: the only one of its service, which has committed nothing lately."""
SELDOM = 60.0
"""Seconds between two looks at rest for what only this service itself can bring about: it would not be at rest."""


class Poll:
    """Tells when it is time for another look: each time it is asked, but at rest only every `at_rest` seconds.

    The first look at rest is not put off: it sees what came before.
    """

    def __init__(
        self,
        is_at_rest: Callable[[], bool],
        *,
        at_rest: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`at_rest` is AT_REST unless said otherwise."""
        self._is_at_rest = is_at_rest
        self._at_rest = at_rest
        self._clock = clock
        self._has_rested = False
        self._looked_at = float("-inf")

    def is_due(self) -> bool:
        """Tell whether to look now; who is told so looks."""
        now, has_rested, self._has_rested = self._clock(), self._has_rested, self._is_at_rest()
        if (
            self._has_rested
            and has_rested
            and now - self._looked_at < (AT_REST if self._at_rest is None else self._at_rest)
        ):
            return False
        self._looked_at = now
        return True
