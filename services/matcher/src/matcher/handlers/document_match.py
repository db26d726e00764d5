"""The match itself: the documents that an application needs, answered from the evidence that is held."""

from __future__ import annotations

from prometheus_client import Counter

from bus.event import NOTHING, Event, NotYet, Outcome, Received
from matcher import events
from matcher.domain.evidence import Evidence
from matcher.domain.verdicts import Finding, Verdict, decide
from matcher.handlers.dependencies import Deps
from matcher.views import AskedDocument, DocumentSubmitted

MATCHES = Counter(
    "yizheng_matches", "Requirements answered, by what the nearest evidence is", ["result", "document_type", "source"]
)

Verdicts = list[tuple[AskedDocument, Verdict]]


async def match_documents(event: Received[DocumentSubmitted], deps: Deps) -> Outcome[None]:
    """Answer once for each requirement: proven, or not proven and why; the proven in one event, the others in another.

    What can't be answered yet waits in an event of its own and holds up no other. Raises NotYet when that is all of it.

    Delivered once more, it answers only for what it can prove: evidence that has ended since takes nothing back, what
    failed was said, and what could not be answered waits by itself.
    """
    asked, verdicts, postponed = event.data, [], []
    held = await deps.evidence.many(sorted({document.holder.index for document in asked.documents}))
    for document in asked.documents:
        try:
            verdicts.append((document, _verdict(document, held.get(document.holder.index), deps)))
        except NotYet as reason:
            postponed.append((document, reason))
    if postponed and not verdicts:
        raise postponed[0][1]
    if event.was_handled:
        proven = [each for each in verdicts if each[1].proven]
        return Outcome(events=[_succeeded(asked, proven)], corrects=True) if proven else NOTHING
    for _, verdict in verdicts:
        result = "succeeded" if verdict.proven else "failed"
        MATCHES.labels(result, verdict.document_type, verdict.source or "none").inc()
    return Outcome(events=[*_answers(asked, verdicts), *_postponed(asked, [document for document, _ in postponed])])


def _verdict(document: AskedDocument, evidence: Evidence | None, deps: Deps) -> Verdict:
    """Compare a document. Raises NotYet for a holder, or a holder's first card, that is not known yet."""
    if evidence is None or evidence.resident_id is None:
        raise NotYet(f"the registration of {document.holder.resident_id}")
    verdict = decide(
        evidence,
        document.document_types,
        document.claims,
        deps.rules,
        deps.today,
        handed_in=_handed_in(document),
        declined=document.declined,
    )
    if not verdict.proven:
        _await_first_card(document, evidence, deps)
    return verdict


def _await_first_card(document: AskedDocument, evidence: Evidence, deps: Deps) -> None:
    """Wait for the card that every registration stores: one that is not here yet is on its way, not missing."""
    wanted = deps.follows_person.intersection(document.document_types)
    if wanted and not any(record.document_type in wanted for record in evidence.records):
        raise NotYet(f"the identity card of {document.holder.resident_id}")


def _handed_in(document: AskedDocument) -> str | None:
    """Return the type of the first scan that can prove the requirement."""
    return next((scan.document_type for scan in document.scans if scan.document_type in document.document_types), None)


def _answers(asked: DocumentSubmitted, verdicts: Verdicts) -> list[Event]:
    proven = [each for each in verdicts if each[1].proven]
    failed = [each for each in verdicts if not each[1].proven]
    return [*([_succeeded(asked, proven)] if proven else []), *([_failed(asked, failed)] if failed else [])]


def _succeeded(asked: DocumentSubmitted, proven: Verdicts) -> events.MatchSucceeded:
    documents = [_proven(document, verdict) for document, verdict in proven]
    return events.MatchSucceeded(application_id=asked.application_id, item=asked.item, documents=documents)


def _proven(document: AskedDocument, verdict: Verdict) -> events.ProvenDocument:
    assert verdict.record is not None  # noqa: S101 - a record proved it
    assert verdict.record.content is not None  # noqa: S101 - by what it says
    return events.ProvenDocument(
        requirement=document.requirement,
        attempt=document.attempt,
        document_type=verdict.document_type,
        holder=events.Holder(**document.holder.model_dump()),
        source=verdict.record.source,
        evidence_id=verdict.record.record_id,
        valid_until=verdict.record.content.valid_until,
        fields=[events.Compared(field=f.field, result=f.compared.result) for f in verdict.findings],
    )


def _failed(asked: DocumentSubmitted, failed: Verdicts) -> events.MatchFailed:
    return events.MatchFailed(
        application_id=asked.application_id,
        item=asked.item,
        documents=[_unproven(document, verdict) for document, verdict in failed],
        community=asked.community,
        due_on=asked.due_on,
    )


def _unproven(document: AskedDocument, verdict: Verdict) -> events.UnprovenDocument:
    return events.UnprovenDocument(
        requirement=document.requirement,
        attempt=document.attempt,
        document_type=verdict.document_type,
        document_types=document.document_types,
        holder=events.Holder(**document.holder.model_dump()),
        fields=[_side_by_side(finding, verdict) for finding in verdict.findings],
        claims=document.claims,
        scans=_scans(document),
        reviewable=document.reviewable,
        answers=_form_answers(document),
        evidence_id=verdict.record.record_id if verdict.record else None,
    )


def _postponed(asked: DocumentSubmitted, documents: list[AskedDocument]) -> list[Event]:
    if not documents:
        return []
    return [
        events.MatchPostponed(
            application_id=asked.application_id,
            item=asked.item,
            documents=[events.PostponedDocument.model_validate(each.model_dump()) for each in documents],
            community=asked.community,
            due_on=asked.due_on,
        )
    ]


def _scans(document: AskedDocument) -> list[events.Scan]:
    return [events.Scan(**scan.model_dump()) for scan in document.scans]


def _form_answers(document: AskedDocument) -> list[events.FormAnswer] | None:
    if document.answers is None:
        return None
    return [events.FormAnswer(**answer.model_dump()) for answer in document.answers]


def _side_by_side(finding: Finding, verdict: Verdict) -> events.ComparedValues:
    return events.ComparedValues(
        field=finding.field,
        result=finding.compared.result,
        reason=finding.compared.reason,
        claimed=finding.claimed,
        held=finding.held,
        source=verdict.source,
    )
