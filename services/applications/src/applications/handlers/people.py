"""Learning who people are, who may act for whom, and what government holds of them."""

from __future__ import annotations

from datetime import date

from applications.domain.people import (
    Details,
    Guardianship,
    GuardianshipRecord,
    KnownResident,
    ResidentHolding,
    ResidentHoldings,
)
from applications.handlers.dependencies import Deps
from applications.views import GuardianshipChanged, HoldingsChanged, IdRegistered, IdUpdated, SuspensionChanged
from bus.envelope import BrokenMessageError
from bus.event import NOTHING, NotYet, Outcome, Received
from standards import age


async def learn_resident(event: Received[IdRegistered], deps: Deps) -> Outcome[None]:
    """Take in a person who was registered."""
    said = event.data
    if await deps.residents.get(said.resident_id) is not None:
        return NOTHING
    if await deps.residents.id_with_index(said.holder_index) is not None:
        raise BrokenMessageError("another-holder", "/data", "the resident with that number")
    new = KnownResident(
        id=said.resident_id,
        index=said.holder_index,
        name=said.name,
        sex=said.sex,
        birth_date=said.birth_date,
        address=said.address,
        community=said.community,
        details_sequence=said.sequence,
    )
    return Outcome(changes=[deps.residents.save(new)])


async def renew_resident(event: Received[IdUpdated], deps: Deps) -> Outcome[None]:
    """Take over the details of a renewed card."""
    said = event.data
    known = await _known(said.resident_id, deps)
    details = Details(name=said.name, birth_date=said.birth_date, address=said.address, community=said.community)
    return _saved(known, known.renewed(details, said.sequence), deps)


async def suspend_resident(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Take over a suspension."""
    known = await _known(event.data.resident_id, deps)
    return _saved(known, known.standing(suspended=True, sequence=event.data.sequence), deps)


async def reinstate_resident(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Take over the end of a suspension."""
    known = await _known(event.data.resident_id, deps)
    return _saved(known, known.standing(suspended=False, sequence=event.data.sequence), deps)


async def begin_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may act for another."""
    return await _hear_of_guardianship(event.data, deps, active=True)


async def end_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may no longer act for another."""
    return await _hear_of_guardianship(event.data, deps, active=False)


async def majority(child_id: str, deps: Deps) -> date | None:
    """Return the day on which a resident comes of age, by what was said first; None: not known yet."""
    known = await deps.residents.get(child_id)
    return None if known is None else age.birthday(known.first_birth_date or known.birth_date, age.MAJORITY)


async def learn_holdings(event: Received[HoldingsChanged], deps: Deps) -> Outcome[None]:
    """Learn what government holds of a resident."""
    said = event.data
    known = await deps.holdings.get(said.resident_id) or ResidentHoldings(id=said.resident_id)
    held = tuple(ResidentHolding.model_validate(each.model_dump()) for each in said.holdings)
    heard = known.heard(held, said.sequence)
    return NOTHING if heard is known else Outcome(changes=[deps.holdings.save(heard)])


async def _hear_of_guardianship(said: GuardianshipChanged, deps: Deps, *, active: bool) -> Outcome[None]:
    pair = Guardianship.between(said.guardian_id, said.child_id)
    known = await deps.guardianships.get(pair) or Guardianship(id=pair)
    heard = known.heard(said.guardianship_id, GuardianshipRecord(active=active, sequence=said.sequence))
    return NOTHING if heard is known else Outcome(changes=[deps.guardianships.save(heard)])


async def _known(resident_id: str, deps: Deps) -> KnownResident:
    known = await deps.residents.get(resident_id)
    if known is None:
        raise NotYet(f"{resident_id} is not known yet")
    return known


def _saved(known: KnownResident, changed: KnownResident, deps: Deps) -> Outcome[None]:
    return NOTHING if changed is known else Outcome(changes=[deps.residents.save(changed)])
