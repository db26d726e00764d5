"""What a process keeps in memory for a while: public answers, sealed sessions, what never changes of an application."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Kept(Generic[KeyT, ValueT]):
    """At most so many values, each for some seconds; the one that was put first goes first."""

    def __init__(self, seconds: float, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._values: dict[KeyT, tuple[float, ValueT]] = {}

    def find(self, key: KeyT) -> ValueT | None:
        """Return what is kept under a key; None when its time is over."""
        until, value = self._values.get(key, (0.0, None))
        return value if self._clock() < until else None

    def put(self, key: KeyT, value: ValueT) -> None:
        """Keep a value, in place of what was kept under the key."""
        self._values.pop(key, None)
        while len(self._values) >= self._most:
            del self._values[next(iter(self._values))]
        self._values[key] = (self._clock() + self._seconds, value)

    def remove(self, key: KeyT) -> None:
        """Forget what is kept under a key."""
        self._values.pop(key, None)
