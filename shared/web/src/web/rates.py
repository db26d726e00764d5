"""How often one subject may ask: a token bucket for each subject and class of routes, or kind of operation.

Each process of a service has its own, and grants its share: the gateway deals out requests evenly, so that together
they grant what the figures say, whatever their number.

What the gateway limits is a client's address; this limits who is signed in, wherever they come from. The figures stand
in `data/rates.yaml`, or in the file that YIZHENG_RATES names.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import load
from runtime.errors import Refusal

DEFAULT = Path(__file__).parent / "data" / "rates.yaml"
MOST_SUBJECTS = 20_000
"""Buckets that are kept; those that were not used for longest are forgotten, and were full again by then."""

Class = Literal["read", "write", "look-up"]
EVERYBODY = ""
"""The subject of all who ask without signing in, together: the gateway tells them apart, by address."""


class Rate(BaseModel):
    """So many in a row, and so many a minute from then on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    burst: int = Field(gt=0)
    per_minute: float = Field(gt=0)


class RateKind(Rate):
    """The rate of one kind of operation; `operations` are methods with paths, as the service's description has them."""

    operations: frozenset[str]


class Rates(BaseModel):
    """One rate for each class of routes: reading, changing, and finding people by number; and one for each kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))
    read: Rate
    write: Rate
    look_up: Rate
    kinds: Mapping[str, RateKind] = {}

    def by_class(self) -> Mapping[str, Rate]:
        return {"read": self.read, "write": self.write, "look-up": self.look_up, **self.kinds}


class TooMany(Refusal):
    """More requests of one subject than are answered (429); `retry_after` says in how many seconds to come back."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("too-many-requests", seconds=seconds)
        self.retry_after = seconds


class Busy(Refusal):
    """More is under way than can be done in time (503); `retry_after` says in how many seconds to come back."""

    status = 503

    def __init__(self, seconds: int) -> None:
        super().__init__("busy", seconds=seconds)
        self.retry_after = seconds


class RateLimit:
    """The buckets of one process."""

    def __init__(self, rates: Rates, *, clock: Callable[[], float] = monotonic) -> None:
        self._rates = rates.by_class()
        self._kinds = {operation: name for name, kind in rates.kinds.items() for operation in kind.operations}
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self.processes: Callable[[], int] = lambda: 1
        """How many processes share the figures."""

    @classmethod
    def from_file(cls, path: Path) -> RateLimit:
        """Read the figures. Raises DataFileError naming file and line."""
        return cls(load(path, Rates))

    def kind_of(self, operation: str) -> str | None:
        """Return the kind of an operation (method and path), if it has a rate of its own."""
        return self._kinds.get(operation)

    def take_for_everybody(self, operation: str) -> None:
        """Count a request of somebody who is not signed in. Raises Busy when there are too many of its kind."""
        kind = self.kind_of(operation)
        if kind is not None:
            try:
                self.take(EVERYBODY, kind)
            except TooMany as error:
                raise Busy(error.retry_after) from error

    def take(self, subject: str, kind: str) -> None:
        """Count a request. Raises TooMany when it is one too many; that one costs nothing."""
        rate, now, share = self._rates[kind], self._clock(), 1 / self.processes()
        burst, per_second = max(1.0, rate.burst * share), rate.per_minute * share / 60
        left, since = self._buckets.pop((subject, kind), (burst, now))
        left = min(burst, left + (now - since) * per_second)
        enough = left >= 1
        self._buckets[subject, kind] = (left - 1 if enough else left, now)
        if len(self._buckets) > MOST_SUBJECTS:
            self._buckets.popitem(last=False)
        if not enough:
            raise TooMany(math.ceil((1 - left) / per_second))
