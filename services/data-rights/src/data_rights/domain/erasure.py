"""An erasure: a resident asks that what is held about them be erased, and each service says what went and what stays.

What may go is declared in `shared/contracts/retention.yaml`. What stays is told with the reason, so that nobody has to
ask again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from data_rights.domain.record import Record

State = Literal["under-way", "done"]


class Gone(Record):
    """A kind of data that went, and how many there were."""

    kind: str
    count: int


class Stays(Record):
    """A kind of data that stays, and the day on which the last of it goes; None where no day is set."""

    kind: str
    count: int
    until: date | None = None


class Answer(Record):
    """What one service says."""

    erased: tuple[Gone, ...]
    kept: tuple[Stays, ...]


class Erasure(Record):
    """A request and what came of it. `holder` is the blind index of whose data it is; `services` those who answer."""

    id: str
    version: int = 0
    holder: str
    resident_id: str
    requested_by: str
    requested_at: datetime
    services: tuple[str, ...]
    answers: Mapping[str, Answer] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """The services that have not answered yet."""
        return tuple(name for name in self.services if name not in self.answers)

    @property
    def state(self) -> State:
        """Where it stands."""
        return "under-way" if self.missing else "done"

    def heard(self, service: str, answer: Answer) -> Erasure:
        """Take over what a service says; the first answer stays."""
        if service not in self.services or service in self.answers:
            return self
        return self.model_copy(update={"answers": {**self.answers, service: answer}})
