"""Saying what came of an application: the changes and the events that belong to a step."""

from __future__ import annotations

from collections.abc import Sequence

from applications import events
from applications.domain.application import Application, ByLanguage, Review
from applications.domain.decided import Decided
from applications.domain.expression import value_of
from applications.domain.item import ServiceItem
from applications.domain.people import Party
from applications.domain.progress import SettledCase, settle
from applications.domain.reasons import reasons_of
from applications.domain.rules import FieldCheck
from applications.domain.submission import Sent, facts_of, promised_to_others
from applications.handlers.dependencies import Deps
from bus.event import Change, Event


def conclude(changed: Application, deps: Deps) -> tuple[Application, list[Change], list[Event]]:
    """Draw the conclusions from a changed application; return it with what has to be saved and said."""
    item = deps.catalogue.item(changed.item)
    settled = settle(changed, item, now=deps.clock(), calendar=deps.calendar)
    changes: list[Change] = [deps.applications.save(settled.application)]
    if settled.step in ("approved", "rejected"):
        changes.append(deps.decisions.save(Decided.of(settled.application, item)))
    return settled.application, changes, [*_said(settled, item, deps)]


def submitted(application: Application, sent: Sequence[Sent], deps: Deps) -> list[Event]:
    """Say that an application was submitted, and which documents have to be proven."""
    return [_application_submitted(application), *documents_submitted(application, sent, deps)]


def documents_submitted(application: Application, sent: Sequence[Sent], deps: Deps) -> list[Event]:
    """Say which documents have to be proven, in one event."""
    if not sent:
        return []
    item = deps.catalogue.item(application.item)
    return [
        events.DocumentSubmitted(
            application_id=application.id,
            item=application.item,
            documents=[_submitted_document(item, each, deps) for each in sent],
            community=application.applicant.community,
            due_on=promised_to_others(application, item),
        )
    ]


def holder_of(party: Party) -> events.Holder:
    return events.Holder(resident_id=party.resident_id, index=party.index)


def concerned(application: Application) -> tuple[events.Holder, ...]:
    """Name whoever acts and whom it is for, each once."""
    people = {party.resident_id: party for party in (application.applicant, application.subject)}
    return tuple(holder_of(party) for party in people.values())


def withdrawn(application: Application, reason: str | None) -> events.ApplicationWithdrawn:
    """Say that the applicant withdrew."""
    return events.ApplicationWithdrawn(
        application_id=application.id,
        item=application.item,
        applicant=holder_of(application.applicant),
        reason=reason,
    )


def returned(
    application: Application, requirement: str, review: Review, item: ServiceItem
) -> events.ApplicationReturned:
    """Say that the applicant must correct something."""
    field = review.field or ""
    answer = item.answer_behind(requirement, field)
    return events.ApplicationReturned(
        application_id=application.id,
        item=application.item,
        applicant=holder_of(application.applicant),
        requirement=requirement,
        field=field,
        form_field=answer.key if answer else None,
        message=review.text or "",
        texts=_texts(review.texts),
    )


def _texts(texts: ByLanguage) -> dict[str, str] | None:
    return None if texts is None else dict(texts)


def _said(settled: SettledCase, item: ServiceItem, deps: Deps) -> Sequence[Event]:
    application = settled.application
    if settled.step == "approved":
        return [_approved(application)]
    if settled.step == "rejected":
        return [_rejected(application)]
    if settled.step == "field-check" and isinstance(item.decision, FieldCheck):
        return [_field_check(application, item.decision, deps)]
    return [_decision_requested(application)] if settled.step == "decision" else []


def _application_submitted(application: Application) -> events.ApplicationSubmitted:
    assert application.submitted_at is not None and application.due_on is not None  # noqa: S101, PT018 - submitted
    return events.ApplicationSubmitted(
        application_id=application.id,
        item=application.item,
        applicant=holder_of(application.applicant),
        subject=holder_of(application.subject),
        submitted_at=application.submitted_at,
        due_on=application.due_on,
        attempt=application.attempt,
    )


def _submitted_document(item: ServiceItem, sent: Sent, deps: Deps) -> events.SubmittedDocument:
    return events.SubmittedDocument(
        requirement=sent.asked.key,
        attempt=sent.asked.attempt,
        document_types=list(sent.asked.document_types),
        holder=holder_of(sent.holder),
        claims=dict(sent.claims),
        scans=[
            events.Scan(
                scan_id=scan.id,
                document_type=scan.document_type,
                media_type=scan.media_type,
                size=scan.size,
                sha256=scan.sha256,
            )
            for scan in sent.scans
        ],
        reviewable=deps.catalogue.reviewable(item, sent.asked.document_types),
        answers=_answers(item, sent.asked.key),
        declined=sent.declined,
    )


def _answers(item: ServiceItem, requirement: str) -> list[events.FormAnswer]:
    """Name the answers of the form that a requirement compares."""
    asked = next(each for each in item.asked if each.key == requirement)
    found = ((field, item.answer_behind(requirement, field)) for field in asked.form_fields())
    return [
        events.FormAnswer(field=field, key=answer.key, label=answer.label.model_dump(by_alias=True))
        for field, answer in found
        if answer is not None
    ]


def _field_check(application: Application, decision: FieldCheck, deps: Deps) -> events.FieldCheckRequested:
    assert application.check is not None  # noqa: S101 - the step says so
    facts = facts_of(application, deps.clock())
    return events.FieldCheckRequested(
        application_id=application.id,
        item=application.item,
        applicant_name=application.applicant.name,
        address=str(value_of(decision.address, facts)),
        community=str(value_of(decision.community, facts)),
        due_on=application.check.due_on,
        concerns=concerned(application),
    )


def _decision_requested(application: Application) -> events.DecisionRequested:
    assert application.ruling is not None  # noqa: S101 - the step says so
    proven = [(asked.key, asked.proof) for asked in application.asked]
    return events.DecisionRequested(
        application_id=application.id,
        item=application.item,
        department=application.ruling.department,
        subject_name=application.subject.name,
        proven=[
            events.Proven(requirement=key, document_type=proof[0], source=proof[1]) for key, proof in proven if proof
        ],
        due_on=application.ruling.due_on,
        concerns=concerned(application),
    )


def _approved(application: Application) -> events.ApplicationApproved:
    assert application.decided_at is not None  # noqa: S101 - the step says so
    return events.ApplicationApproved(
        application_id=application.id,
        item=application.item,
        applicant=holder_of(application.applicant),
        subject=holder_of(application.subject),
        decided_by=application.decided_by,
        decided_at=application.decided_at,
        grant=_grant(application),
    )


def _grant(application: Application) -> events.Grant | None:
    granted = application.granted
    if granted is None:
        return None
    return events.Grant(
        document_type=granted.document_type,
        holder=holder_of(application.people[granted.holder]),
        fields=dict(granted.fields),
        valid_from=granted.valid_from,
        valid_until=granted.valid_until,
    )


def _rejected(application: Application) -> events.ApplicationRejected:
    assert application.decided_at is not None  # noqa: S101 - the step says so
    return events.ApplicationRejected(
        application_id=application.id,
        item=application.item,
        applicant=holder_of(application.applicant),
        decided_by=application.decided_by,
        decided_at=application.decided_at,
        reasons=[
            events.Reason(
                code=reason.code,
                requirement=reason.requirement,
                document_type=reason.document_type,
                field=reason.field,
                text=reason.text,
                texts=_texts(reason.texts),
            )
            for reason in reasons_of(application)
        ],
    )
