"""The evidence preview: what government holds for a resident and an item, shown to that person, or a guardian.

Who read the card of the person who stands there sees it, too, while the visit lasts, and that is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from matcher.domain.claims import Requirement, Role, claims_of
from matcher.domain.deciding import Standing, decide, in_order, standing_of
from matcher.domain.evidence import Evidence, Record, Value
from matcher.domain.guardianship import Guardianship
from matcher.domain.prefill import filled
from matcher.handlers.needs import Deps
from matcher.published import DataAccessed
from messaging.event import Event, Outcome
from runtime import accesses
from runtime.access import Principal
from runtime.presences import Caller
from runtime.refusal import NotAllowed, Unknown


@dataclass(frozen=True, slots=True)
class Held:
    """One record, and whether it counts today."""

    record: Record
    standing: Standing


@dataclass(frozen=True, slots=True)
class Shown:
    """What is held for one requirement, in the order in which it is asked; `proven` without any further answer."""

    requirement: Requirement
    held: tuple[Held, ...]
    proven: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The requirements whose holder the caller may look at, as of a day in Shenzhen."""

    item: str
    on: date
    shown: tuple[Shown, ...]


async def preview(item_code: str, subject_id: str | None, by: Caller, deps: Deps) -> Outcome[Preview]:
    """Show what is held of the resident and, for a guardian, of a child; the look is recorded, also one's own.

    Of a second party nothing is shown. Raises Unknown, NotAllowed.
    """
    item = await deps.items.get(item_code)
    if item is None:
        raise Unknown("item-unknown", field="item", item=item_code)
    people = await _people(subject_id, by.resident, deps)
    form = filled(item, {"subject": people["applicant"], **people}, {}, deps.today, deps.rules)
    shown = tuple(_shown(each, people, form, deps) for each in item.requirements if each.holder in people)
    result = Preview(item.id, deps.today, shown)
    told = [_accessed(evidence, result, role, by.eyes, deps) for role, evidence in people.items()]
    return Outcome(events=told, case=by.resident.subject, result=result)


async def _people(subject_id: str | None, by: Principal, deps: Deps) -> dict[Role, Evidence]:
    """Return the caller, and the child where one is named: without one, it is the caller whom the item is for."""
    own = await deps.evidence.of_resident(by.subject)
    if own is None:
        raise NotAllowed("not-registered")
    if subject_id is None or subject_id == by.subject:
        return {"applicant": own}
    known = await deps.guardianships.get(Guardianship.between(by.subject, subject_id))
    child = await deps.evidence.of_resident(subject_id) if known is not None and known.active else None
    if child is None:
        raise NotAllowed("no-guardianship", field="subject_id")
    return {"applicant": own, "subject": child}


def _shown(requirement: Requirement, people: Mapping[Role, Evidence], form: Mapping[str, Value], deps: Deps) -> Shown:
    evidence = people[requirement.holder]
    verdict = decide(evidence, requirement.document_types, claims_of(requirement, people, form), deps.rules, deps.today)
    held = tuple(
        Held(record, standing_of(evidence, record, deps.rules, deps.today))
        for record in in_order(evidence.records, requirement.document_types, deps.rules)
    )
    return Shown(requirement, held, verdict.proven)


def _accessed(evidence: Evidence, shown: Preview, role: Role, by: Principal, deps: Deps) -> Event:
    types = [held.record.document_type for each in shown.shown if each.requirement.holder == role for held in each.held]
    return DataAccessed(
        holder=accesses.Holder(resident_id=evidence.resident_id, index=evidence.id),
        by=accesses.BY_THEMSELVES if accesses.is_own(by, evidence.resident_id) else accesses.By.of(by),
        how="viewed",
        what="evidence",
        documents=accesses.documents(types),
        item=shown.item,
        at=deps.clock(),
    )
