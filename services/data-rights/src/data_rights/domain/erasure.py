"""An erasure: a resident asks that what is held about them be erased, and each service says what went and what stays.

First each service says what would go and what would stay. Only when the resident has confirmed just that, within an
hour, is anything erased, and of cases none that was not shown.

What may go is declared in `shared/contracts/retention.yaml`. What stays is told with the reason, so that nobody has to
ask again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from data_rights.domain.export import ANSWERED_WITHIN
from data_rights.domain.record import RightsModel
from standards import hash_chain

State = Literal["previewing", "awaiting-confirmation", "lapsed", "under-way", "done"]
TO_CONFIRM = timedelta(hours=1)
"""How long what was shown can be confirmed: afterwards too much may have changed."""


class ErasedKind(RightsModel):
    """A kind of data that went, and how many there were."""

    kind: str
    count: int


class KeptKind(RightsModel):
    """A kind of data that stays, and the day on which the last of it goes; None where no day is set."""

    kind: str
    count: int
    until: date | None = None


class ErasureAnswer(RightsModel):
    """What one service says."""

    erased: tuple[ErasedKind, ...]
    kept: tuple[KeptKind, ...]


class Erasure(RightsModel):
    """A request and what came of it. `holder` is the blind index of whose data it is; `services` those who answer.

    `previews` are what they say would come of it, None where it was asked for before there were previews; `cases` are
    the cases that would go, forgotten when they are gone.
    """

    id: str
    version: int = 0
    holder: str
    resident_id: str
    requested_by: str
    requested_at: datetime
    services: tuple[str, ...]
    answers: Mapping[str, ErasureAnswer] = {}
    previews: Mapping[str, ErasureAnswer] | None = None
    cases: tuple[str, ...] = ()
    confirmed_at: datetime | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The services that have not answered yet."""
        return tuple(name for name in self.services if name not in self.answers)

    @property
    def preview(self) -> str | None:
        """A name for what is shown, to confirm it by; None until every service has spoken, and once it is confirmed.

        It names a ward, so that a guardian who signs it has signed of whom.
        """
        if self.previews is None or self.confirmed_at or any(name not in self.previews for name in self.services):
            return None
        shown = {name: answer.model_dump(mode="json") for name, answer in self.previews.items()}
        name = hash_chain.digest([shown, sorted(self.cases)])[:16]
        return name if self.resident_id == self.requested_by else f"{name}.{self.resident_id}"

    def state(self, now: datetime) -> State:
        """Where it stands."""
        if self.previews is None or self.confirmed_at is not None:
            return "under-way" if self.missing else "done"
        if now >= self.requested_at + TO_CONFIRM:
            return "lapsed"
        return "awaiting-confirmation" if self.preview else "previewing"

    def is_awaited(self, now: datetime) -> bool:
        """Tell whether answers may still come, so that nothing is gained by another request."""
        since = self.confirmed_at or self.requested_at
        return self.state(now) == "under-way" and now < since + ANSWERED_WITHIN

    def shown(self, service: str, answer: ErasureAnswer, cases: Sequence[str] = ()) -> Erasure:
        """Take over what a service says would come of it; the first word stays, none counts once it is confirmed."""
        if self.previews is None or service not in self.services or service in self.previews or self.confirmed_at:
            return self
        return self.model_copy(update={"previews": {**self.previews, service: answer}, "cases": (*self.cases, *cases)})

    def confirmed(self, now: datetime) -> Erasure:
        """Note that the resident has confirmed what was shown."""
        return self.model_copy(update={"confirmed_at": now})

    def heard(self, service: str, answer: ErasureAnswer) -> Erasure:
        """Take over what a service says; the first answer stays."""
        if service not in self.services or service in self.answers:
            return self
        heard = self.model_copy(update={"answers": {**self.answers, service: answer}})
        return heard if heard.missing else heard.model_copy(update={"cases": ()})
