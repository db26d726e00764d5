"""The match itself: a document that an application needs, answered from the evidence that is held."""

from __future__ import annotations

from matcher import published
from matcher.consumed import DocumentSubmitted
from matcher.domain.deciding import Finding, Verdict, decide
from matcher.domain.evidence import Evidence
from matcher.handlers.needs import Deps
from messaging.event import NOTHING, Event, NotYet, Outcome, Received


async def match_document(event: Received[DocumentSubmitted], deps: Deps) -> Outcome[None]:
    """Answer once for a requirement: proven, or not proven and why. Raises NotYet for a holder not known yet.

    Delivered once more, it answers only when it can prove the requirement: evidence that has ended since takes nothing
    back, and what failed was said.
    """
    asked = event.data
    evidence = await deps.evidence.get(asked.holder.index)
    if evidence is None or evidence.resident_id is None:
        raise NotYet(f"the registration of {asked.holder.resident_id}")
    verdict = decide(
        evidence,
        asked.document_types,
        asked.claims,
        deps.rules,
        deps.today,
        handed_in=_handed_in(asked),
        declined=asked.declined,
    )
    if event.was_handled and not verdict.proven:
        return NOTHING
    if not verdict.proven:
        _await_first_card(asked, evidence, deps)
    if not event.was_handled:
        deps.tally(proven=verdict.proven, document_type=verdict.document_type, source=verdict.source)
    answer = _succeeded(asked, verdict) if verdict.proven else _failed(asked, verdict)
    return Outcome(events=[answer], corrects=verdict.proven)


def _await_first_card(asked: DocumentSubmitted, evidence: Evidence, deps: Deps) -> None:
    """Wait for the card that every registration stores: one that is not here yet is on its way, not missing."""
    wanted = deps.follows_person.intersection(asked.document_types)
    if wanted and not any(record.document_type in wanted for record in evidence.records):
        raise NotYet(f"the identity card of {asked.holder.resident_id}")


def _handed_in(asked: DocumentSubmitted) -> str | None:
    """Return the type of the first scan that can prove the requirement."""
    return next((scan.document_type for scan in asked.scans if scan.document_type in asked.document_types), None)


def _succeeded(asked: DocumentSubmitted, verdict: Verdict) -> Event:
    assert verdict.record is not None  # noqa: S101 - a record proved it
    assert verdict.record.content is not None  # noqa: S101 - by what it says
    return published.MatchSucceeded(
        application_id=asked.application_id,
        item=asked.item,
        requirement=asked.requirement,
        attempt=asked.attempt,
        document_type=verdict.document_type,
        holder=published.Holder(**asked.holder.model_dump()),
        source=verdict.record.source,
        evidence_id=verdict.record.record_id,
        valid_until=verdict.record.content.valid_until,
        fields=[published.Compared(field=f.field, result=f.compared.result) for f in verdict.findings],
    )


def _failed(asked: DocumentSubmitted, verdict: Verdict) -> Event:
    return published.MatchFailed(
        application_id=asked.application_id,
        item=asked.item,
        requirement=asked.requirement,
        attempt=asked.attempt,
        document_type=verdict.document_type,
        document_types=asked.document_types,
        holder=published.Holder(**asked.holder.model_dump()),
        fields=[_side_by_side(finding, verdict) for finding in verdict.findings],
        claims=asked.claims,
        scans=[published.Scan(**scan.model_dump()) for scan in asked.scans],
        reviewable=asked.reviewable,
        answers=None if asked.answers is None else [published.FormAnswer(**it.model_dump()) for it in asked.answers],
        evidence_id=verdict.record.record_id if verdict.record else None,
        community=asked.community,
        due_on=asked.due_on,
    )


def _side_by_side(finding: Finding, verdict: Verdict) -> published.ComparedValues:
    return published.ComparedValues(
        field=finding.field,
        result=finding.compared.result,
        reason=finding.compared.reason,
        claimed=finding.claimed,
        held=finding.held,
        source=verdict.source,
    )
