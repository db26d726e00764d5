"""What identity says: who is behind a resident id, and who may read for whom."""

from __future__ import annotations

from datetime import date

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, Outcome, Received
from data_rights.domain.people import Guardianship, GuardianshipRecord, KnownPerson, pair
from data_rights.handlers.dependencies import Deps
from data_rights.views import GuardianshipChanged, PersonRegistered
from runtime.clock import today
from standards import age


async def learn_person(event: Received[PersonRegistered], deps: Deps) -> Outcome[None]:
    """Remember by which index everything about a resident is found; it never changes, and no other resident has it."""
    if await deps.people.get(event.data.resident_id) is not None:
        return NOTHING
    if await deps.people.find({"index": event.data.holder_index}, limit=1):
        raise BrokenMessageError("another-holder", "/data", "the resident with that number")
    day = age.birthday(event.data.birth_date, age.MAJORITY)
    person = KnownPerson(
        id=event.data.resident_id,
        index=event.data.holder_index,
        of_age_on=day if day > today(deps.clock()) else None,
    )
    return Outcome(changes=[deps.people.save(person)])


async def begin_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """From now on the guardian may read for the child."""
    return await _hear(event.data, deps, active=True)


async def end_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """The guardian may not read for the child any more."""
    return await _hear(event.data, deps, active=False)


async def majority(child_id: str, deps: Deps) -> date | None:
    """Return the day on which a resident comes of age, a past one of adults; None: not known yet.

    Of those whom an earlier release learned it is not known, and what identity says is believed.
    """
    known = await deps.people.get(child_id)
    return None if known is None else known.of_age_on or date.min


async def _hear(said: GuardianshipChanged, deps: Deps, *, active: bool) -> Outcome[None]:
    known = await deps.guardianships.get(pair(said.guardian_id, said.child_id))
    known = known or Guardianship.between(said.guardian_id, said.child_id)
    heard = known.heard(said.guardianship_id, GuardianshipRecord(active=active, sequence=said.sequence))
    return NOTHING if heard is known else Outcome(changes=[deps.guardianships.save(heard)])
