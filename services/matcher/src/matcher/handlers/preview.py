"""The evidence preview: what government holds for a resident and an item, shown to that person, or a guardian.

Who read the card of the person who stands there sees it, too, while the visit lasts, and that is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bus.event import Outcome
from matcher.domain.claims import ClaimRequirement, Role, claims_of
from matcher.domain.evidence import Evidence, EvidenceRecord, Value
from matcher.domain.prefill import filled
from matcher.domain.verdicts import Standing, decide, in_order, standing_of
from matcher.events import DataAccessed
from matcher.handlers.dependencies import Deps
from privacy import access_log
from runtime.errors import NotAllowed, NotFound
from web.auth import Principal
from web.presences import PresentCaller


@dataclass(frozen=True, slots=True)
class PreviewedDocument:
    """One record, and whether it counts today."""

    record: EvidenceRecord
    standing: Standing


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """What is held for one requirement, in the order in which it is asked; `proven` without any further answer."""

    requirement: ClaimRequirement
    held: tuple[PreviewedDocument, ...]
    proven: bool


@dataclass(frozen=True, slots=True)
class MatchPreview:
    """The requirements whose holder the caller may look at, as of a day in Shenzhen."""

    item: str
    on: date
    shown: tuple[ShownPreview, ...]


async def preview(item_code: str, subject_id: str | None, by: PresentCaller, deps: Deps) -> Outcome[MatchPreview]:
    """Show what is held of the resident and, for a guardian, of a child; the look is recorded, also one's own.

    Of a second party nothing is shown. Raises NotFound, NotAllowed.
    """
    item = await deps.items.get(item_code)
    if item is None:
        raise NotFound("item-unknown", field="item", item=item_code)
    people = await _people(subject_id, by.resident, deps)
    form = filled(item, {"subject": people["applicant"], **people}, {}, deps.today, deps.rules)
    shown = tuple(_shown(each, people, form, deps) for each in item.requirements if each.holder in people)
    result = MatchPreview(item.id, deps.today, shown)
    told = [each for role, evidence in people.items() for each in _accessed(evidence, result, role, by.eyes, deps)]
    return Outcome(accesses=told, case=by.resident.subject, result=result)


async def _people(subject_id: str | None, by: Principal, deps: Deps) -> dict[Role, Evidence]:
    """Return the caller, and the child where one is named: without one, it is the caller whom the item is for."""
    own = await deps.evidence.of_resident(by.subject)
    if own is None:
        raise NotAllowed("not-registered")
    if subject_id is None or subject_id == by.subject:
        return {"applicant": own}
    is_ward = await deps.guardianships.acts_for(by.subject, subject_id)
    child = await deps.evidence.of_resident(subject_id) if is_ward else None
    if child is None:
        raise NotAllowed("no-guardianship", field="subject_id")
    return {"applicant": own, "subject": child}


def _shown(
    requirement: ClaimRequirement, people: Mapping[Role, Evidence], form: Mapping[str, Value], deps: Deps
) -> ShownPreview:
    evidence = people[requirement.holder]
    verdict = decide(evidence, requirement.document_types, claims_of(requirement, people, form), deps.rules, deps.today)
    held = tuple(
        PreviewedDocument(record, standing_of(evidence, record, deps.rules, deps.today))
        for record in in_order(evidence.records, requirement.document_types, deps.rules)
    )
    return ShownPreview(requirement, held, verdict.proven)


def _accessed(evidence: Evidence, shown: MatchPreview, role: Role, by: Principal, deps: Deps) -> list[DataAccessed]:
    types = [held.record.document_type for each in shown.shown if each.requirement.holder == role for held in each.held]
    return DataAccessed.of(
        [access_log.Holder(resident_id=evidence.resident_id, index=evidence.id)],
        access_log.BY_THEMSELVES if access_log.is_own(by, evidence.resident_id) else access_log.By.of(by),
        deps.clock(),
        how="viewed",
        what="evidence",
        documents=types,
        item=shown.item,
    )
