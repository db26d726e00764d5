"""Queues as callers see them: counts, summaries, who has what. Nothing in them says anything about a person."""

from __future__ import annotations

from collections.abc import Sequence

from review_dispatch.api import views, visit_presenter
from review_dispatch.api.reader import TEXTS, TaskReader, coded
from review_dispatch.domain.news import what_happened
from review_dispatch.domain.queue import InHand, QueueCount, TaskQueue, Waiting, queues_of
from review_dispatch.domain.queue import in_hand as in_hands
from review_dispatch.domain.task import Task
from runtime.errors import Refusal
from standards.disclosure import told, total


def waiting(counted: Waiting, language: str) -> views.WaitingView:
    """Show how many tasks wait."""
    kind, department = coded("kinds", counted.kind, language), coded("departments", counted.department, language)
    counts = {
        "waiting": total(counted.waiting, (counted.overdue, counted.waiting - counted.overdue)),
        "overdue": told(counted.overdue),
    }
    few = TEXTS.say(language, "few")
    said = {name: few if count is None else count for name, count in counts.items()}
    return views.WaitingView(
        kind=kind,
        department=department,
        **counts,
        suppressed=None in counts.values(),
        text=TEXTS.say(language, "waiting", kind=kind.name, department=department.name, **said),
    )


def own_queues(counted: Sequence[QueueCount], reader: TaskReader) -> views.OwnQueuesView:
    """Show somebody's queues, the most urgent first, and who has how much in hand."""
    return views.OwnQueuesView(
        queues=[queue(each, reader) for each in queues_of(counted, reader.by.subject)],
        in_hand=[in_hand(each, reader) for each in in_hands(counted)],
    )


def news(task: Task, reader: TaskReader) -> views.NewsView:
    """Show what has just happened to a task."""
    what = what_happened(task, reader.by.subject)
    shown = summary(task, reader)
    text = TEXTS.say(
        reader.language,
        f"news.{what}",
        kind=shown.kind.name,
        document=TEXTS.say(reader.language, "of-document", document=shown.document_type.name)
        if shown.document_type
        else "",
        department=shown.department.name,
        due=shown.due_text,
        by=task.steps[-1].by or "",
        status=shown.status.name,
    )
    return views.NewsView(what=what, text=text, task=shown)


def queue(queue: TaskQueue, reader: TaskReader) -> views.QueueView:
    """Show what waits in one of the caller's queues; those of doors are of communities."""
    is_door = queue.kind == "field-check"
    return views.QueueView(
        kind=reader.coded("kinds", queue.kind),
        department=None if is_door else reader.coded("departments", queue.place),
        community=reader.community(queue.place) if is_door else None,
        document_type=reader.maybe("documents", queue.document_type),
        waiting=queue.waiting,
        free=queue.free,
        mine=queue.mine,
        overdue=queue.overdue,
        due_today=queue.due_today,
        next_due_on=queue.next_due_on,
        next_due_text=reader.due(queue.next_due_on),
    )


def in_hand(held: InHand, reader: TaskReader) -> views.InHandView:
    """Show how much one person has in hand."""
    return views.InHandView(
        claimed_by=held.claimed_by,
        places=[
            *(reader.coded("departments", each) for each in held.departments),
            *(found for each in held.communities if (found := reader.community(each))),
        ],
        tasks=held.tasks,
        overdue=held.overdue,
    )


def not_taken(task: Task, refusal: Refusal, reader: TaskReader) -> views.NotTakenView:
    """Show why a task was not taken over."""
    text = TEXTS.say(reader.language, f"problems.{refusal.code}.detail", **refusal.params)
    return views.NotTakenView(task_id=task.id, code=refusal.code, text=text)


def summary(task: Task, reader: TaskReader) -> views.TaskSummary:
    return views.TaskSummary(
        task_id=task.id,
        version=task.version,
        kind=reader.coded("kinds", task.kind),
        status=reader.coded("statuses", task.status),
        application_id=task.application_id,
        item=task.item,
        requirement=task.requirement,
        attempt=task.attempt,
        document_type=reader.maybe("documents", task.document_type),
        department=reader.coded("departments", task.department),
        community=reader.community(task.community),
        requested_at=task.requested_at,
        due_on=task.due_on,
        due_text=reader.due(task.due_on),
        overdue=task.is_overdue(reader.today),
        escalated=any(step.action == "escalated" for step in task.steps),
        claimed_by=task.claim.by if task.claim else None,
        claimed_at=task.claim.at if task.claim else None,
        taken_over=_taken_over(task),
        visit=visit_presenter.visit(task.visit, reader),
        needs_second_reviewer=task.second_reviewer,
    )


def committed(task: Task, reader: TaskReader) -> views.TaskSummary:
    """Show a task in a queue as it is once the change that has just been decided is stored: one version later."""
    return summary(task.model_copy(update={"version": task.version + 1}), reader)


def _taken_over(task: Task) -> views.TakenOverView | None:
    last = next((step for step in reversed(task.steps) if step.taken_from), None)
    if last is None or last.taken_from is None or last.by is None:
        return None
    return views.TakenOverView(by=last.by, taken_from=last.taken_from, at=last.at)
