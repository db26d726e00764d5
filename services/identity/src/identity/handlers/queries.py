"""Seeing a resident's data.

The person concerned, and the guardian of a child, look freely; whoever else looks says why. Every look but the own is
told, so that the person concerned can read it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from bus.event import Outcome
from identity.domain.guardianship import Guardianship, guardianship_id
from identity.domain.record import HistoryStep
from identity.domain.resident import Resident
from identity.handlers.access_events import accessed
from identity.handlers.dependencies import Deps, resident_of
from identity.store.documents import GuardianshipStore
from privacy.access_log import What
from runtime.errors import NotAllowed, NotFound, Refusal
from standards import identity_number
from standards.bounds import is_said
from web.auth import Principal, Role


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """Who wants to see whose data, and what for; the person concerned need not say."""

    resident_id: str
    by: Principal
    purpose: str | None


@dataclass(frozen=True, slots=True)
class Ward:
    """A child and the guardianship by which somebody acts for it."""

    guardianship: Guardianship
    child: Resident


async def look_up(number: str, purpose: str, by: Principal, deps: Deps) -> Outcome[Resident]:
    """Find the resident with an identity number. Raises Refusal for a wrong number, NotFound if not registered."""
    parsed = identity_number.parse(number, today=deps.today())
    resident = await deps.residents.with_index(deps.numbers.of(parsed.number))
    if resident is None:
        raise NotFound("not-registered")
    told = accessed(resident, by, purpose, deps, how="queried")
    return Outcome(accesses=told, case=resident.id, result=resident)


async def see(asked: LookupQuestion, deps: Deps, *, what: What = "registration") -> Outcome[Resident]:
    """Show a resident. Raises NotAllowed, NotFound, and Refusal when somebody else gives no purpose."""
    if asked.by.role == Role.RESIDENT:
        if not await acts_for(asked.by.subject, asked.resident_id, deps.guardianships, deps.today()):
            raise NotAllowed("not-your-data")
    elif not is_said(asked.purpose):
        raise Refusal("purpose-missing", field="purpose")
    resident = await resident_of(asked.resident_id, deps)
    return Outcome(
        accesses=accessed(resident, asked.by, asked.purpose, deps, what=what), case=resident.id, result=resident
    )


async def see_wards(asked: LookupQuestion, deps: Deps, *, after: str | None, limit: int) -> Outcome[list[Ward]]:
    """List the children for whom a resident may act today, by guardianship. Raises as `see`."""
    shown = await see(asked, deps, what="wards")
    held = await deps.guardianships.held_by(asked.resident_id, after=after, limit=limit)
    wards = await asyncio.gather(*(_ward(each, deps) for each in held if each.holds(deps.today())))
    told = [event for ward in wards for event in accessed(ward.child, asked.by, asked.purpose, deps)]
    return Outcome(accesses=[*(shown.accesses or ()), *told], case=asked.resident_id, result=list(wards))


async def see_history(asked: LookupQuestion, deps: Deps) -> Outcome[list[HistoryStep]]:
    """List what was ever done about a resident and the guardianships concerned, oldest first. Raises as `see`."""
    shown = await see(asked, deps, what="history")
    resident = await resident_of(asked.resident_id, deps)
    guardianships = await deps.guardianships.concerning(asked.resident_id)
    steps = [*resident.history, *(step for each in guardianships for step in each.history)]
    return Outcome(accesses=shown.accesses, case=shown.case, result=sorted(steps, key=lambda step: step.at))


async def acts_for(subject: str, resident_id: str, guardianships: GuardianshipStore, on: date) -> bool:
    """Tell whether it is the resident, or a guardian of the resident on a day."""
    if subject == resident_id:
        return True
    guardianship = await guardianships.get(guardianship_id(subject, resident_id))
    return guardianship is not None and guardianship.holds(on)


async def _ward(guardianship: Guardianship, deps: Deps) -> Ward:
    return Ward(guardianship, await resident_of(guardianship.child_id, deps))
