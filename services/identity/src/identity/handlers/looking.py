"""Seeing a resident's data.

The person concerned, and the guardian of a child, look freely; whoever else looks says why. Every look but the own is
told, so that the person concerned can read it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from identity.domain.guardianship import Guardianship, guardianship_id
from identity.domain.record import Step
from identity.domain.resident import Resident, resident_id
from identity.handlers.accessing import accessed
from identity.handlers.needs import Deps, resident_of
from messaging.event import Outcome
from runtime.access import Principal, Role
from runtime.accesses import What
from runtime.refusal import NotAllowed, Refusal, Unknown
from standards import identity_number
from standards.bounds import is_said


@dataclass(frozen=True, slots=True)
class Question:
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
    """Find the resident with an identity number. Raises Refusal for a wrong number, Unknown if not registered."""
    parsed = identity_number.parse(number, today=deps.today())
    resident = await deps.residents.get(resident_id(deps.numbers.of(parsed.number)))
    if resident is None:
        raise Unknown("not-registered")
    told = accessed(resident, by, purpose, deps, how="queried")
    return Outcome(events=told, case=resident.id, result=resident)


async def see(asked: Question, deps: Deps, *, what: What = "registration") -> Outcome[Resident]:
    """Show a resident. Raises NotAllowed, Unknown, and Refusal when somebody else gives no purpose."""
    if asked.by.role == Role.RESIDENT:
        if not await _acts_for(asked.by.subject, asked.resident_id, deps):
            raise NotAllowed("not-your-data")
    elif not is_said(asked.purpose):
        raise Refusal("purpose-missing", field="purpose")
    resident = await resident_of(asked.resident_id, deps)
    return Outcome(
        events=accessed(resident, asked.by, asked.purpose, deps, what=what), case=resident.id, result=resident
    )


async def see_wards(asked: Question, deps: Deps, *, after: str | None, limit: int) -> Outcome[list[Ward]]:
    """List the children for whom a resident may act today, by guardianship. Raises as `see`."""
    shown = await see(asked, deps, what="wards")
    held = await deps.guardianships.held_by(asked.resident_id, after=after, limit=limit)
    wards = await asyncio.gather(*(_ward(each, deps) for each in held if each.holds(deps.today())))
    told = [event for ward in wards for event in accessed(ward.child, asked.by, asked.purpose, deps)]
    return Outcome(events=[*shown.events, *told], case=asked.resident_id, result=list(wards))


async def see_history(asked: Question, deps: Deps) -> Outcome[list[Step]]:
    """List what was ever done about a resident and the guardianships concerned, oldest first. Raises as `see`."""
    shown = await see(asked, deps, what="history")
    resident = await resident_of(asked.resident_id, deps)
    guardianships = await deps.guardianships.concerning(asked.resident_id)
    steps = [*resident.history, *(step for each in guardianships for step in each.history)]
    return Outcome(events=shown.events, case=shown.case, result=sorted(steps, key=lambda step: step.at))


async def _acts_for(subject: str, resident_id: str, deps: Deps) -> bool:
    if subject == resident_id:
        return True
    guardianship = await deps.guardianships.get(guardianship_id(subject, resident_id))
    return guardianship is not None and guardianship.holds(deps.today())


async def _ward(guardianship: Guardianship, deps: Deps) -> Ward:
    return Ward(guardianship, await resident_of(guardianship.child_id, deps))
