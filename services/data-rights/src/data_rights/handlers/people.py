"""What identity says: who is behind a resident id, and who may read for whom."""

from __future__ import annotations

from data_rights.consumed import GuardianshipChanged, PersonRegistered
from data_rights.domain.people import Care, Guardianship, Person, pair
from data_rights.handlers.needs import Deps
from messaging.event import NOTHING, Outcome, Received


async def learn_person(event: Received[PersonRegistered], deps: Deps) -> Outcome[None]:
    """Remember by which index everything about a resident is found; it never changes."""
    if await deps.people.get(event.data.resident_id) is not None:
        return NOTHING
    person = Person(id=event.data.resident_id, index=event.data.holder_index)
    return Outcome(changes=[deps.people.save(person)])


async def begin_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """From now on the guardian may read for the child."""
    return await _hear(event.data, deps, active=True)


async def end_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """The guardian may not read for the child any more."""
    return await _hear(event.data, deps, active=False)


async def _hear(said: GuardianshipChanged, deps: Deps, *, active: bool) -> Outcome[None]:
    known = await deps.guardianships.get(pair(said.guardian_id, said.child_id))
    known = known or Guardianship.between(said.guardian_id, said.child_id)
    heard = known.heard(said.guardianship_id, Care(active=active, sequence=said.sequence))
    return NOTHING if heard is known else Outcome(changes=[deps.guardianships.save(heard)])
