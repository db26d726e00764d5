"""What follows from the facts: the next step of an application, and its end. A final state is never left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from applications.domain.application import Application, CaseQuestion, Happening, State
from applications.domain.granted import granted_by
from applications.domain.item import ServiceItem
from applications.domain.people import Party
from applications.domain.rules import Automatic, FieldCheck
from applications.domain.submission import form_digest, promised_to_others
from runtime.clock import today
from runtime.errors import Conflict, NotAllowed
from standards.working_days import Calendar

Step = Literal["approved", "rejected", "field-check", "decision"]
"""What the application has come to and others must be told of."""

FIELD_OFFICERS = "community"
"""The department that looks at addresses."""


@dataclass(frozen=True, slots=True)
class SettledCase:
    """The application with everything that follows from its facts, and the step that it took."""

    application: Application
    step: Step | None = None


def settle(application: Application, item: ServiceItem, *, now: datetime, calendar: Calendar) -> SettledCase:
    """Draw the conclusions from the facts."""
    if application.is_final or application.state == "draft":
        return SettledCase(application)
    if _is_refused(application):
        return SettledCase(_decided(application, "rejected", now), "rejected")
    standings = {asked.standing for asked in application.asked}
    state: State = "returned" if "returned" in standings else "in-progress"
    current = application if application.state == state else application.model_copy(update={"state": state})
    if standings != {"proven"} or application.awaits_confirmation:
        return SettledCase(current)
    return _next_step(current, item, now, calendar)


def confirm(application: Application, second_party: Party, now: datetime, *, due_on: date) -> Application:
    """Have the second party confirm the application as it is now filled in; from now on it is known who that is.

    The promise begins with the confirmation: `due_on` is its last day.
    """
    _refuse_unasked(application)
    confirmed = {
        "confirmed_at": now,
        "due_on": due_on,
        "confirmed_form": form_digest(application.form),
        "second_party_id": second_party.resident_id,
        "second_party": second_party,
    }
    return application.model_copy(update=confirmed).noting(Happening(at=now, kind="confirmed"))


def decline(application: Application, reason: str | None, now: datetime) -> Application:
    """Have the second party refuse to confirm: the application ends."""
    _refuse_unasked(application)
    declined = application.model_copy(update={"declined": reason or ""})
    return declined.noting(Happening(at=now, kind="declined", text=reason))


def give_up_waiting(application: Application, now: datetime) -> Application:
    """End the wait for a second party of whom nothing was heard: the application ends."""
    _refuse_unasked(application)
    return application.model_copy(update={"unanswered": True}).noting(Happening(at=now, kind="unanswered"))


def withdraw(application: Application, reason: str | None, now: datetime) -> Application:
    """End an application at its applicant's wish. Raises Conflict when it is decided already."""
    if application.is_final:
        raise Conflict("already-decided")
    withdrawn = application.model_copy(update={"state": "withdrawn"})
    return withdrawn.noting(Happening(at=now, kind="withdrawn", text=reason))


def _refuse_unasked(application: Application) -> None:
    if application.second_party_index is None:
        raise NotAllowed("no-confirmation-needed")
    if application.is_final:
        raise Conflict("already-decided")
    if application.state == "draft":
        raise Conflict("not-submitted")
    if application.state == "returned":
        raise Conflict("being-corrected")
    if not application.awaits_confirmation:
        raise Conflict("already-confirmed")


def _is_refused(application: Application) -> bool:
    """Tell whether it can't be approved any more.

    A person's refusal ends it at once. What fails by itself ends it when every document has been compared, so that
    the applicant learns all reasons together.
    """
    answers = (application.check, application.ruling)
    if application.declined is not None or application.unanswered:
        return True
    if any(answer is not None and answer.yes is False for answer in answers):
        return True
    refused = [asked for asked in application.asked if asked.standing == "refused"]
    if any(asked.review is not None for asked in refused):
        return True
    return bool(refused) and not any(asked.standing == "waiting" for asked in application.asked)


def _next_step(application: Application, item: ServiceItem, now: datetime, calendar: Calendar) -> SettledCase:
    decision = item.decision
    if isinstance(decision, Automatic):
        return _approved(application, item, now)
    question = "check" if isinstance(decision, FieldCheck) else "ruling"
    asked: CaseQuestion | None = getattr(application, question)
    if asked is not None:
        return _approved(application, item, now) if asked.yes else SettledCase(application)
    department = FIELD_OFFICERS if isinstance(decision, FieldCheck) else decision.department
    due_on = _within_promise(calendar.add(today(now), decision.working_days), application, item, today(now))
    new = CaseQuestion(asked_at=now, due_on=due_on, department=department)
    happening = Happening(at=now, kind=f"{question}-asked", department=department, due_on=due_on)
    asking = application.model_copy(update={question: new}).noting(happening)
    return SettledCase(asking, "field-check" if question == "check" else "decision")


def _within_promise(day: date, application: Application, item: ServiceItem, today: date) -> date:
    """Bring a deadline forward to the promise's last day, unless that has passed or was to be at once."""
    promised = promised_to_others(application, item)
    return day if promised is None or promised < today else min(day, promised)


def _approved(application: Application, item: ServiceItem, now: datetime) -> SettledCase:
    approved = _decided(application, "approved", now)
    return SettledCase(approved.model_copy(update={"granted": granted_by(item, approved, now)}), "approved")


def _decided(application: Application, state: Literal["approved", "rejected"], now: datetime) -> Application:
    decided = application.model_copy(update={"state": state, "decided_at": now})
    return decided.noting(Happening(at=now, kind=state))
