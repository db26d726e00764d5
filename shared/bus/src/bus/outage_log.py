"""Saying that something is down: the first time at once, and then how often it was met since, once a minute."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import structlog

EVERY = 60.0
"""Seconds in which faults of one kind are one line."""

log = structlog.get_logger()


class OutageLog:
    """Logs one event for the many times that one outage is met; a fault of another type is said at once."""

    def __init__(self, event: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._event = event
        self._clock = clock
        self._said_at: dict[type[BaseException], float] = {}
        self._times: dict[type[BaseException], int] = {}

    def tell(self, error: BaseException, **about: object) -> None:
        """Count a fault, and log it unless one of its type was logged within the last minute."""
        kind, now = type(error), self._clock()
        self._times[kind] = self._times.get(kind, 0) + 1
        if now - self._said_at.get(kind, -EVERY) < EVERY:
            return
        self._said_at[kind] = now
        log.warning(self._event, error=repr(error), times=self._times.pop(kind), **about)
