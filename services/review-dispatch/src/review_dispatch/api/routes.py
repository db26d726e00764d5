"""The routes: parse, call a handler, shape the answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from bus.event import Outcome
from review_dispatch.api import queue_presenter, task_presenter
from review_dispatch.api.asked import (
    ApprovalAsked,
    CorrectionAsked,
    DuplicateAsked,
    ExplanationAsked,
    NoteAsked,
    RejectionAsked,
    ReturnAsked,
)
from review_dispatch.api.parts import (
    Counter,
    DepsOf,
    OnlookersView,
    WorkersView,
    asked_of,
    reviewer_asked_of,
    shown_to,
    signed_asked_of,
    signed_reviewer_asked_of,
    wanted_of,
)
from review_dispatch.api.views import QueuesView, TaskSummary, TaskView
from review_dispatch.domain.queue import QueueQuery
from review_dispatch.domain.task import Task
from review_dispatch.handlers import duplicates, queues, task_actions
from review_dispatch.handlers.task_actions import Approving, TaskRequest, Words
from runtime.clock import today
from runtime.errors import Refusal
from standards.bounds import Name
from web import routes
from web.pages import Cursor, Key, Limit, Page, page

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", summary="The queue: what concerns the caller, the most urgent first", response_model=Page[TaskSummary])
async def list_tasks(
    wanted: Annotated[QueueQuery, Depends(wanted_of)],
    deps: DepsOf,
    reader: OnlookersView,
    commit: routes.Commit,
    cursor: Cursor,
    limit: Limit = 20,
) -> Response:
    """List tasks of the reviewer's departments, or of the grid officer's communities."""

    async def look() -> Outcome[Page[TaskSummary]]:
        found = await queues.show_queue(wanted, reader.by, deps, after=_after(cursor), limit=limit + 1)
        shown = page(found, limit, key=_key, view=lambda task: queue_presenter.summary(task, reader))
        return Outcome(result=shown, accesses=())  # a queue shows no values

    return await commit(look, lambda shown: shown, only_looks=True)


@router.get("/statistics", summary="How many tasks wait, and how many are overdue")
async def count_tasks(_by: Counter, deps: DepsOf, language: routes.Language) -> QueuesView:
    """Count what waits by kind of work and department; fewer than five are not told, and officials see no tasks."""
    waiting = await deps.waiting.on(today(deps.clock()))
    queues = sorted(waiting, key=lambda each: (each.department, each.kind))
    return QueuesView(queues=[queue_presenter.waiting(each, language) for each in queues])


@router.get("/{task_id}", summary="One task: what was claimed and what is held, side by side", response_model=TaskView)
async def read_task(task_id: Name, deps: DepsOf, reader: OnlookersView, commit: routes.Commit) -> Response:
    """Show a task. The values that describe a person are shown to whoever has claimed or decided it."""

    def view(task: Task) -> TaskView:
        return task_presenter.detail(task, reader)

    return await commit(lambda: queues.show_task(task_id, reader.by, deps), view, only_looks=True)


@router.post("/{task_id}/claim", summary="Take the task", response_model=TaskView)
async def claim(
    asked: Annotated[TaskRequest, Depends(asked_of)], deps: DepsOf, reader: WorkersView, commit: routes.Commit
) -> Response:
    """Take a task, so that nobody else works on it. 409 when somebody else has it."""
    return await commit(lambda: task_actions.claim(asked, deps), shown_to(reader))


@router.post("/{task_id}/release", summary="Give the task back", response_model=TaskView)
async def release(
    asked: Annotated[TaskRequest, Depends(asked_of)], deps: DepsOf, reader: WorkersView, commit: routes.Commit
) -> Response:
    """Give one's own task back to the queue."""
    return await commit(lambda: task_actions.release(asked, deps), shown_to(reader))


@router.post("/{task_id}/approval", summary="Approve", response_model=TaskView)
async def approve(
    asked: Annotated[TaskRequest, Depends(signed_asked_of)],
    body: ApprovalAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Approve a document, confirm an address, or approve an application.

    A document type that asks for a second reviewer then waits for another person (`awaiting-second`).
    """
    approving = Approving(body.fields, body.valid_until, Words(body.note, body.standard_reason), body.is_held)
    return await commit(lambda: task_actions.approve(asked, approving, deps), shown_to(reader))


@router.post("/{task_id}/rejection", summary="Refuse", response_model=TaskView)
async def reject(
    asked: Annotated[TaskRequest, Depends(signed_asked_of)],
    body: RejectionAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Refuse, for a reason that the applicant reads, with the fields that it is about and both values of each."""
    words = Words(body.reason, body.standard_reason, body.fields)
    return await commit(lambda: task_actions.reject(asked, words, deps), shown_to(reader))


@router.post("/{task_id}/return", summary="Return to the applicant", response_model=TaskView)
async def send_back(
    asked: Annotated[TaskRequest, Depends(signed_asked_of)],
    body: ReturnAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Ask the applicant to correct one field of the document, and say how."""
    words = Words(body.message, body.standard_reason)
    return await commit(lambda: task_actions.send_back(asked, deps, field=body.field, words=words), shown_to(reader))


@router.post("/{task_id}/explanation", summary="Explain a look that is disputed", response_model=TaskView)
async def explain(
    asked: Annotated[TaskRequest, Depends(reviewer_asked_of)],
    body: ExplanationAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Answer a resident who disputes a look at their data. Whoever looked can't answer it."""
    return await commit(lambda: task_actions.explain(asked, body.text, deps), shown_to(reader))


@router.post("/{task_id}/correction", summary="Answer a request for correction", response_model=TaskView)
async def answer_correction(
    asked: Annotated[TaskRequest, Depends(signed_reviewer_asked_of)],
    body: CorrectionAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Answer a resident who says that a value is wrong: it was (`corrected`), or it stays (`refused`).

    A document that two people approve is corrected by two people; one suffices to refuse.
    """
    if body.result == "refused":
        return await commit(lambda: task_actions.refuse_correction(asked, body.explanation, deps), shown_to(reader))
    return await commit(lambda: task_actions.correct(asked, body.explanation, body.value, deps), shown_to(reader))


@router.post("/{task_id}/duplicate-check", summary="Tell whether it is held already", response_model=TaskView)
async def answer_duplicate(
    asked: Annotated[TaskRequest, Depends(signed_reviewer_asked_of)],
    body: DuplicateAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Tell which of the held credentials a document is, or that it is another one.

    An approval that has waited for this is stored then: as the next version of that one, or as one of its own.
    """
    same = body.result == "same"

    async def work() -> Outcome[Task]:
        return await duplicates.tell(asked, deps, same=same, credential_id=body.credential_id, note=body.note)

    return await commit(work, shown_to(reader))


@router.post("/{task_id}/notes", summary="Write a note", response_model=TaskView, status_code=201)
async def write_note(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    body: NoteAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Write a note that everybody who works on the task can read."""
    return await commit(lambda: task_actions.write_note(asked, body.text, deps), shown_to(reader), 201)


def _key(task: Task) -> Key:
    return [task.place]


def _after(cursor: Key | None) -> str | None:
    match cursor:
        case None:
            return None
        case [str(place)]:
            return place
        case _:
            raise Refusal("bad-cursor", field="cursor")
