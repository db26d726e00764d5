"""Seeing a resident's data, and reading who did.

The person concerned, and the guardian of a child, look freely. Whoever else looks says why, and the look is kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from identity.domain.guardianship import Guardianship, guardianship_id
from identity.domain.look import Look, Seen
from identity.domain.record import Step
from identity.domain.resident import Resident, resident_id
from identity.handlers.needs import Deps, actor, resident_of
from messaging.event import Outcome
from runtime.access import Principal, Role
from runtime.ids import new_id
from runtime.refusal import NotAllowed, Refusal, Unknown
from standards import identity_number


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
    resident = await deps.residents.get(resident_id(deps.numbers.index(parsed.number)))
    if resident is None:
        raise Unknown("not-registered")
    return Outcome([deps.looks.save(_look(resident, "look-up", purpose, by, deps))], result=resident)


async def see(asked: Question, deps: Deps, *, seen: Seen = "record") -> Outcome[Resident]:
    """Show a resident. Raises NotAllowed, Unknown, and Refusal when somebody else gives no purpose."""
    if asked.by.role == Role.RESIDENT:
        if not await _acts_for(asked.by.subject, asked.resident_id, deps):
            raise NotAllowed("not-your-data")
        return Outcome(result=await resident_of(asked.resident_id, deps))
    purpose = (asked.purpose or "").strip()
    if not purpose:
        raise Refusal("purpose-missing", field="purpose")
    resident = await resident_of(asked.resident_id, deps)
    return Outcome([deps.looks.save(_look(resident, seen, purpose, asked.by, deps))], result=resident)


async def see_wards(asked: Question, deps: Deps, *, after: str | None, limit: int) -> Outcome[list[Ward]]:
    """List the children for whom a resident may act today, by guardianship. Raises as `see`."""
    shown = await see(asked, deps, seen="wards")
    held = await deps.guardianships.held_by(asked.resident_id, after=after, limit=limit)
    wards = await asyncio.gather(*(_ward(each, deps) for each in held if each.holds(deps.today())))
    return Outcome(shown.changes, result=list(wards))


async def see_history(asked: Question, deps: Deps) -> Outcome[list[Step]]:
    """List what was ever done about a resident and the guardianships concerned, oldest first. Raises as `see`."""
    shown = await see(asked, deps, seen="history")
    resident = await resident_of(asked.resident_id, deps)
    guardianships = await deps.guardianships.concerning(asked.resident_id)
    steps = [*resident.history, *(step for each in guardianships for step in each.history)]
    return Outcome(shown.changes, result=sorted(steps, key=lambda step: step.at))


async def see_looks(asked: Question, deps: Deps, *, before: str | None, limit: int) -> Outcome[list[Look]]:
    """List who looked at a resident's data and why, newest first. Raises as `see`."""
    shown = await see(asked, deps, seen="looks")
    return Outcome(shown.changes, result=await deps.looks.at(asked.resident_id, before=before, limit=limit))


async def _acts_for(subject: str, resident_id: str, deps: Deps) -> bool:
    if subject == resident_id:
        return True
    guardianship = await deps.guardianships.get(guardianship_id(subject, resident_id))
    return guardianship is not None and guardianship.holds(deps.today())


async def _ward(guardianship: Guardianship, deps: Deps) -> Ward:
    return Ward(guardianship, await resident_of(guardianship.child_id, deps))


def _look(resident: Resident, seen: Seen, purpose: str, by: Principal, deps: Deps) -> Look:
    return Look(id=new_id("look"), resident_id=resident.id, by=actor(by), seen=seen, purpose=purpose, at=deps.clock())
