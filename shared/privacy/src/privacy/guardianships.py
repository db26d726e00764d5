"""Who may act for a child: a service's own copy of what identity says. Facts count up; older news changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from bus.event import NOTHING, Outcome, Received, View
from store.repository import Database, Repository
from web.signed_requests import Signed


class GuardianshipNews(View):
    """identity.guardianship-registered, identity.guardianship-ended."""

    guardianship_id: str
    guardian_id: str
    child_id: str
    sequence: int
    signed_request: Signed | None = None


class GuardianshipRecord(BaseModel):
    """One guardianship: the newest that is known of it."""

    model_config = ConfigDict(frozen=True)
    guardianship_id: str
    active: bool
    sequence: int


class Guardianship(BaseModel):
    """Everything that is known between one guardian and one child; `id` joins the two resident ids."""

    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    cares: tuple[GuardianshipRecord, ...] = ()

    @property
    def active(self) -> bool:
        """Whether the one may act for the other."""
        return any(care.active for care in self.cares)

    def heard(self, care: GuardianshipRecord) -> Guardianship:
        """Take over news of one guardianship, unless it is older than what is known."""
        known = next((each for each in self.cares if each.guardianship_id == care.guardianship_id), None)
        if known is not None and care.sequence <= known.sequence:
            return self
        return self.model_copy(update={"cares": (*(each for each in self.cares if each is not known), care)})


@dataclass(frozen=True, slots=True)
class Guardianships:
    """Those that a service knows of."""

    kept: Repository[Guardianship]

    @classmethod
    def of(cls, database: Database) -> Self:
        return cls(Repository(database, "guardianships", Guardianship))

    async def between(self, guardian_id: str, child_id: str) -> Guardianship:
        """Return what is known between two people, if only that it is nothing."""
        pair = f"{guardian_id}:{child_id}"
        return await self.kept.get(pair) or Guardianship(id=pair)

    async def acts_for(self, one: str, other: str) -> bool:
        """Tell whether it is the same resident, or a guardian of the other."""
        return one == other or (await self.between(one, other)).active

    async def hear(self, said: GuardianshipNews, *, active: bool) -> Outcome[None]:
        """Take over news."""
        known = await self.between(said.guardian_id, said.child_id)
        record = GuardianshipRecord(guardianship_id=said.guardianship_id, active=active, sequence=said.sequence)
        heard = known.heard(record)
        return NOTHING if heard is known else Outcome(changes=[self.kept.save(heard)])


async def begin(event: Received[GuardianshipNews], deps: Any) -> Outcome[None]:  # noqa: ANN401 - each service's own
    """Learn that one person may act for another."""
    kept: Guardianships = deps.guardianships
    return await kept.hear(event.data, active=True)


async def end(event: Received[GuardianshipNews], deps: Any) -> Outcome[None]:  # noqa: ANN401 - as above
    """Learn that one person may no longer act for another."""
    kept: Guardianships = deps.guardianships
    return await kept.hear(event.data, active=False)
