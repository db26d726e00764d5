"""What the matcher and people answer: each is one look-up of the application and at most one write.

An application that is not known yet is waited for, and so is the question to an answer that overtook it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from applications.domain import answers
from applications.domain.application import (
    Application,
    ByLanguage,
    ComparedField,
    DoorVisit,
    Escalation,
    Happening,
    MatchResult,
    Review,
    ReviewTask,
)
from applications.handlers import event_map, signed_decisions
from applications.handlers.dependencies import Deps
from applications.views import (
    DecisionMade,
    FieldCheckFailed,
    FieldCheckPassed,
    MatchFailed,
    MatchSucceeded,
    ReviewApproved,
    ReviewEscalated,
    ReviewRejected,
    ReviewRequested,
    ReviewReturned,
    VisitArranged,
)
from bus.event import NOTHING, Event, NotYet, Outcome, Received


async def note_match(event: Received[MatchSucceeded], deps: Deps) -> Outcome[None]:
    """Documents are proven by what government holds."""
    application = changed = await _application(event.data.application_id, deps)
    for said in event.data.documents:
        happening = Happening(
            at=_moment(event.time),
            kind="matched",
            requirement=said.requirement,
            attempt=said.attempt,
            document_type=said.document_type,
            source=said.source,
        )
        match = MatchResult(proven=True, document_type=said.document_type, source=said.source)
        changed = answers.matched(changed, (said.requirement, said.attempt), match, happening)
    return _conclude(application, changed, deps)


async def note_mismatch(event: Received[MatchFailed], deps: Deps) -> Outcome[None]:
    """Documents are not proven; people look at them, or the application ends."""
    application = changed = await _application(event.data.application_id, deps)
    for said in event.data.documents:
        happening = Happening(
            at=_moment(event.time),
            kind="not-matched" if said.reviewable else "not-proven",
            requirement=said.requirement,
            attempt=said.attempt,
            document_type=said.document_type,
        )
        unequal = [field for field in said.fields if field.result != "equal"]
        match = MatchResult(
            proven=False,
            document_type=said.document_type,
            reviewable=said.reviewable,
            held=any(field.result != "missing" for field in said.fields),
            fields=tuple(ComparedField(**f.model_dump()) for f in unequal),
        )
        changed = answers.matched(changed, (said.requirement, said.attempt), match, happening)
    return _conclude(application, changed, deps)


async def note_review_requested(event: Received[ReviewRequested], deps: Deps) -> Outcome[None]:
    """A document was sent to a department."""
    said = event.data
    application = await _application(said.application_id, deps)
    happening = Happening(
        at=_moment(event.time),
        kind="sent-to-review",
        requirement=said.requirement,
        attempt=said.attempt,
        document_type=said.document_type,
        department=said.department,
        due_on=said.due_on,
    )
    task = ReviewTask(
        task_id=said.task_id, department=said.department, document_type=said.document_type, due_on=said.due_on
    )
    changed = answers.sent_to_people(application, (said.requirement, said.attempt), task, happening)
    return _conclude(application, changed, deps)


async def note_review_approved(event: Received[ReviewApproved], deps: Deps) -> Outcome[None]:
    """A person approved a document."""
    said = event.data
    review = Review(verdict="approved", department=said.department, document_type=said.document_type)
    return await _note_review(event, said, review, deps)


async def note_review_rejected(event: Received[ReviewRejected], deps: Deps) -> Outcome[None]:
    """A person did not accept a document."""
    said = event.data
    review = Review(
        verdict="rejected",
        department=said.department,
        document_type=said.document_type,
        fields=tuple(each.field for each in said.fields or ()),
        text=said.reason,
        texts=said.texts,
    )
    return await _note_review(event, said, review, deps)


async def note_review_returned(event: Received[ReviewReturned], deps: Deps) -> Outcome[None]:
    """The applicant is asked to correct something."""
    said = event.data
    review = Review(
        verdict="returned",
        department=said.department,
        document_type=said.document_type,
        field=said.field,
        fields=(said.field,),
        text=said.message,
        texts=said.texts,
    )
    return await _note_review(event, said, review, deps)


async def note_escalation(event: Received[ReviewEscalated], deps: Deps) -> Outcome[None]:
    """A task was not done in time and belongs to somebody else now."""
    said = event.data
    application = await _application(said.application_id, deps)
    happening = Happening(
        at=_moment(event.time),
        kind="escalated",
        requirement=said.requirement,
        department=said.escalated_to,
        due_on=said.due_on,
    )
    escalation = Escalation(
        task_id=said.task_id,
        kind=said.kind,
        requirement=said.requirement,
        department=said.escalated_to,
        due_on=said.due_on,
    )
    return _conclude(application, answers.escalated(application, escalation, happening), deps)


async def note_visit(event: Received[VisitArranged], deps: Deps) -> Outcome[None]:
    """The officer or the applicant has moved in arranging the visit at the door."""
    said = event.data
    application = await _application(said.application_id, deps)
    if application.check is None and not application.is_final:
        raise NotYet(f"{said.application_id} has not asked for its check yet")
    visit = DoorVisit.model_validate(said.model_dump(include=set(DoorVisit.model_fields)))
    by_you = "-by-you" if said.state == "declined" and said.by == "applicant" else ""
    slots = visit.offered if said.state == "offered" else (visit.slot,) if visit.slot else ()
    happening = Happening(at=_moment(event.time), kind=f"visit-{said.state}{by_you}", text=said.reason, slots=slots)
    return _conclude(application, answers.arranged(application, visit, happening), deps)


async def note_check_passed(event: Received[FieldCheckPassed], deps: Deps) -> Outcome[None]:
    """The grid officer confirmed the address."""
    said = event.data
    await signed_decisions.of_door(event, deps)
    happening = _answer(event.time, "check", said.note, said.texts, yes=True)
    return await _note_answer(said.application_id, "check", happening, deps, yes=True)


async def note_check_failed(event: Received[FieldCheckFailed], deps: Deps) -> Outcome[None]:
    """The grid officer could not confirm the address."""
    said = event.data
    await signed_decisions.of_door(event, deps)
    happening = _answer(event.time, "check", said.reason, said.texts, yes=False)
    return await _note_answer(said.application_id, "check", happening, deps, yes=False)


async def note_decision(event: Received[DecisionMade], deps: Deps) -> Outcome[None]:
    """An officer decided."""
    said = event.data
    await signed_decisions.of_decision(event, deps)
    happening = _answer(event.time, "ruling", said.reason, said.texts, yes=said.approved)
    return await _note_answer(said.application_id, "ruling", happening, deps, yes=said.approved)


async def _note_review(
    event: Received[ReviewApproved] | Received[ReviewRejected] | Received[ReviewReturned],
    said: ReviewApproved | ReviewRejected | ReviewReturned,
    review: Review,
    deps: Deps,
) -> Outcome[None]:
    await signed_decisions.of_review(event, deps)
    application = await _application(said.application_id, deps)
    happening = Happening(
        at=_moment(event.time),
        kind=f"review-{review.verdict}",
        requirement=said.requirement,
        attempt=said.attempt,
        document_type=review.document_type,
        department=review.department,
        fields=review.fields,
        text=review.text,
        texts=review.texts,
    )
    key = (said.requirement, said.attempt)
    changed = answers.reviewed(application, key, review, happening)
    item = deps.catalogue.item(application.item)
    returned = event_map.returned(changed, said.requirement, review, item)
    extra = [returned] if answers.returned_now(application, changed, key) else []
    return _conclude(application, changed, deps, extra)


def _answer(
    time: datetime, question: Literal["check", "ruling"], text: str | None, texts: ByLanguage, *, yes: bool
) -> Happening:
    kind = f"{question}-{'positive' if yes else 'negative'}"
    return Happening(at=_moment(time), kind=kind, text=text, texts=texts)


async def _note_answer(
    application_id: str, question: Literal["check", "ruling"], happening: Happening, deps: Deps, *, yes: bool
) -> Outcome[None]:
    application = await _application(application_id, deps)
    if getattr(application, question) is None and not application.is_final:
        raise NotYet(f"{application_id} has not asked for its {question} yet")
    changed = answers.answered(application, question, happening, yes=yes)
    return _conclude(application, changed, deps)


async def _application(application_id: str, deps: Deps) -> Application:
    application = await deps.applications.get(application_id)
    if application is None or application.state == "draft":
        raise NotYet(f"{application_id} is not known yet")
    return application


def _conclude(before: Application, changed: Application, deps: Deps, extra: Sequence[Event] = ()) -> Outcome[None]:
    """Save what changed and say what came of it; nothing at all for what was known already."""
    if changed == before:
        return NOTHING
    _, changes, events = event_map.conclude(changed, deps)
    return Outcome(changes=changes, events=[*extra, *events])


def _moment(time: datetime) -> datetime:
    """Cut a time to the milliseconds that the store keeps, so that it compares equal when read again."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
