"""Who has an application now, for what, and by when: the answer to a resident's first question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from applications.domain.application import Application, AskedRequirement, ByLanguage, CaseQuestion

Doing = Literal[
    "drafting", "comparing", "routing", "reviewing", "correcting", "confirming", "checking", "deciding", "done"
]


@dataclass(frozen=True, slots=True)
class PendingStep:
    """One thing that is being waited for. `department` has it, or nobody but the people named by `doing`."""

    doing: Doing
    requirement: str | None = None
    document_type: str | None = None
    department: str | None = None
    due_on: date | None = None
    field: str | None = None
    text: str | None = None
    texts: ByLanguage = None


@dataclass(frozen=True, slots=True)
class Expected:
    """By when the whole is done, which is never before the parts that `pending_steps` names.

    `promised`: on the promised day · `late`: a part is due after it, and the whole with that · `from-confirmation`,
    `from-correction`: the promise begins, or begins again, with what the second party or the applicant does.
    """

    kind: Literal["promised", "late", "from-confirmation", "from-correction"]
    due_on: date | None = None
    promised_on: date | None = None


def expected(application: Application) -> Expected | None:
    """Return by when an application is done; None before it is submitted, and once it has been withdrawn."""
    if application.due_on is None or application.state in ("draft", "withdrawn"):
        return None
    if application.state == "returned":
        return Expected("from-correction")
    if application.awaits_confirmation and not application.is_final:
        return Expected("from-confirmation")
    last = max((where.due_on for where in pending_steps(application) if where.due_on), default=application.due_on)
    if last > application.due_on:
        return Expected("late", last, application.due_on)
    return Expected("promised", application.due_on, application.due_on)


def pending_steps(application: Application) -> tuple[PendingStep, ...]:
    """Return everything that the application waits for now, the applicant's own part first."""
    if application.state == "draft":
        return (PendingStep("drafting"),)
    if application.is_final:
        return (PendingStep("done"),)
    waiting = [*_of_documents(application)]
    if application.awaits_confirmation and application.state == "in-progress":
        waiting.append(PendingStep("confirming"))
    waiting.extend(_of_question(application, "checking", application.check))
    waiting.extend(_of_question(application, "deciding", application.ruling))
    return tuple(sorted(waiting, key=lambda each: each.doing != "correcting"))


def _of_documents(application: Application) -> Iterator[PendingStep]:
    for asked in application.asked:
        if asked.standing == "returned" and asked.review is not None:
            review = asked.review
            yield PendingStep(
                "correcting",
                asked.key,
                review.document_type,
                field=review.field,
                text=review.text,
                texts=review.texts,
            )
        elif asked.standing == "in-review":
            yield _with_people(application, asked)
        elif asked.standing == "waiting" and asked.holder in application.people:
            yield PendingStep("comparing", asked.key, asked.document_types[0])


def _with_people(application: Application, asked: AskedRequirement) -> PendingStep:
    if asked.task is None:
        document_type = asked.match.document_type if asked.match else asked.document_types[0]
        return PendingStep("routing", asked.key, document_type)
    task = asked.task
    later = next((e for e in application.escalations if e.task_id == task.task_id and e.due_on >= task.due_on), None)
    department, due_on = (later.department, later.due_on) if later else (task.department, task.due_on)
    return PendingStep("reviewing", asked.key, task.document_type, department, due_on)


def _of_question(
    application: Application, doing: Literal["checking", "deciding"], question: CaseQuestion | None
) -> Iterator[PendingStep]:
    if question is None or question.yes is not None:
        return
    kind = "field-check" if doing == "checking" else "decision"
    escalations = [each for each in application.escalations if each.kind == kind]
    latest = max(escalations, key=lambda each: each.due_on, default=None)
    if latest is None:
        yield PendingStep(doing, department=question.department, due_on=question.due_on)
    else:
        yield PendingStep(doing, department=latest.department, due_on=latest.due_on)
