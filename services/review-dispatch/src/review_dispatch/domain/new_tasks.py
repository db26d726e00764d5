"""New tasks: whose they are, by when, and who is told when they are late."""

from __future__ import annotations

from datetime import date, datetime

from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.routes import District, Level
from review_dispatch.domain.task import (
    AskedCorrection,
    DisputedAccess,
    DocumentReview,
    DoorCheck,
    OfficerDecision,
    Task,
    TaskStep,
    task_id,
)
from runtime.clock import today as _day


def review(
    application_id: str,
    item: str,
    about: DocumentReview,
    community: str | None,
    *,
    district: District,
    at: datetime,
    promised: date | None = None,
) -> Task:
    """Make the task of reviewing a document that failed to match, in time for what is promised to the applicant."""
    route = district.routes.of_document(about.document_type)
    return Task(
        id=task_id(application_id, "review", about.requirement, about.attempt),
        application_id=application_id,
        item=item,
        about=about,
        home=route.department,
        department=route.department,
        community=community,
        requested_at=at,
        due_on=district.due(_day(at), route.working_days, promised=promised),
        escalation=route.escalate,
        second_reviewer=route.second_reviewer,
        steps=(_requested(route.department, at),),
    )


def door_check(
    application_id: str, item: str, about: DoorCheck, due_on: date, *, district: District, at: datetime
) -> Task:
    """Make the task of looking at an address."""
    route = district.routes.field_checks
    return Task(
        id=task_id(application_id, "field-check"),
        application_id=application_id,
        item=item,
        about=about,
        home=route.department,
        department=route.department,
        community=about.community,
        requested_at=at,
        due_on=due_on,
        escalation=district.routes.of_field_check(about.community),
        steps=(_requested(route.department, at),),
    )


def decision(
    application_id: str,
    item: str,
    about: OfficerDecision,
    department: str,
    due_on: date,
    *,
    district: District,
    at: datetime,
) -> Task:
    return Task(
        id=task_id(application_id, "decision"),
        application_id=application_id,
        item=item,
        about=about,
        home=department,
        department=department,
        community=None,
        requested_at=at,
        due_on=due_on,
        escalation=district.routes.of_decision(department),
        steps=(_requested(department, at),),
    )


def dispute(about: DisputedAccess, item: str, department: str | None, *, district: District, at: datetime) -> Task:
    """Make the task of explaining a look that is disputed; its case is the dispute's own."""
    answering, route = district.routes.of_dispute(department), district.routes.disputes
    return Task(
        id=task_id(about.dispute_id, "dispute"),
        application_id=about.dispute_id,
        item=item,
        about=about,
        home=answering,
        department=answering,
        community=None,
        requested_at=at,
        due_on=district.due(_day(at), route.working_days),
        escalation=_above(answering, route.escalate),
        steps=(_requested(answering, at),),
    )


def correction(about: AskedCorrection, *, district: District, at: datetime) -> Task:
    """Make the task of answering a request for correction, a case of its own.

    A document that two people approve is corrected by two people.
    """
    route = district.routes.corrections
    answering = district.routes.of_correction(about.document_type)
    document = district.routes.documents.get(about.document_type)
    return Task(
        id=task_id(about.correction_id, "correction"),
        application_id=about.correction_id,
        item="",
        about=about,
        home=answering,
        department=answering,
        community=None,
        requested_at=at,
        due_on=district.due(_day(at), route.working_days),
        escalation=_above(answering, route.escalate),
        second_reviewer=document is not None and document.second_reviewer,
        steps=(_requested(answering, at),),
    )


def duplicate_check(
    about: DuplicateCheck, application_id: str | None, cause: str, *, district: District, at: datetime
) -> Task:
    """Make the task of telling whether a document is one that is held.

    An approval waits for it each time that it is asked (`cause`); of a stored one the same is asked only once.
    """
    route = district.routes.of_document(about.document_type)
    stands_for = about.review or about.credential_id or ""
    once = cause if about.review else ",".join(sorted(each.credential_id for each in about.held))
    return Task(
        id=task_id(stands_for, "duplicate-check", once),
        application_id=application_id or stands_for,
        item="",
        about=about,
        home=route.department,
        department=route.department,
        community=None,
        requested_at=at,
        due_on=district.due(_day(at), route.working_days),
        escalation=route.escalate,
        steps=(_requested(route.department, at),),
    )


def _above(department: str, levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """Leave out the department itself: it can't be the next that gets the task."""
    return tuple(level for level in levels if level.to != department)


def _requested(department: str, at: datetime) -> TaskStep:
    return TaskStep(at=at, action="requested", by=None, department=department)
