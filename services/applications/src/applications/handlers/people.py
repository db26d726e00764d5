"""Learning who people are, who may act for whom, and what government holds of them."""

from __future__ import annotations

from applications.consumed import GuardianshipChanged, HoldingsChanged, IdRegistered, IdStanding, IdUpdated
from applications.domain.people import Care, Details, Guardianship, Holding, Holdings, Resident
from applications.handlers.needs import Deps
from messaging.event import NOTHING, NotYet, Outcome, Received


async def learn_resident(event: Received[IdRegistered], deps: Deps) -> Outcome[None]:
    """Take in a person who was registered."""
    said = event.data
    if await deps.residents.get(said.resident_id) is not None:
        return NOTHING
    new = Resident(
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


async def suspend_resident(event: Received[IdStanding], deps: Deps) -> Outcome[None]:
    """Take over a suspension."""
    known = await _known(event.data.resident_id, deps)
    return _saved(known, known.standing(suspended=True, sequence=event.data.sequence), deps)


async def reinstate_resident(event: Received[IdStanding], deps: Deps) -> Outcome[None]:
    """Take over the end of a suspension."""
    known = await _known(event.data.resident_id, deps)
    return _saved(known, known.standing(suspended=False, sequence=event.data.sequence), deps)


async def begin_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may act for another."""
    return await _hear_of_guardianship(event.data, deps, active=True)


async def end_guardianship(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may no longer act for another."""
    return await _hear_of_guardianship(event.data, deps, active=False)


async def learn_holdings(event: Received[HoldingsChanged], deps: Deps) -> Outcome[None]:
    """Learn what government holds of a resident."""
    said = event.data
    known = await deps.holdings.get(said.resident_id) or Holdings(id=said.resident_id)
    held = tuple(Holding.model_validate(each.model_dump()) for each in said.holdings)
    heard = known.heard(held, said.sequence)
    return NOTHING if heard is known else Outcome(changes=[deps.holdings.save(heard)])


async def _hear_of_guardianship(said: GuardianshipChanged, deps: Deps, *, active: bool) -> Outcome[None]:
    pair = Guardianship.between(said.guardian_id, said.child_id)
    known = await deps.guardianships.get(pair) or Guardianship(id=pair)
    heard = known.heard(said.guardianship_id, Care(active=active, sequence=said.sequence))
    return NOTHING if heard is known else Outcome(changes=[deps.guardianships.save(heard)])


async def _known(resident_id: str, deps: Deps) -> Resident:
    known = await deps.residents.get(resident_id)
    if known is None:
        raise NotYet(f"{resident_id} is not known yet")
    return known


def _saved(known: Resident, changed: Resident, deps: Deps) -> Outcome[None]:
    return NOTHING if changed is known else Outcome(changes=[deps.residents.save(changed)])
