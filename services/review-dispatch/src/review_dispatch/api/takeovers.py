"""Queues with who has what in them, and taking over what a colleague has in hand."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from review_dispatch.api import queue_presenter
from review_dispatch.api.asked import TakeoverAsked, TakeoverOfAllAsked
from review_dispatch.api.parts import DepsOf, WorkersView, asked_of, shown_to, wanted_of
from review_dispatch.api.views import NotTakenView, OwnQueuesView, TakeoverView, TaskSummary, TaskView
from review_dispatch.domain.queue import QueueQuery
from review_dispatch.handlers import queues, task_actions
from review_dispatch.handlers.task_actions import TaskRequest
from runtime.errors import Refusal
from web import routes

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("/queues", summary="The caller's queues: how many tasks, how urgent, and who has them")
async def count_queues(
    wanted: Annotated[QueueQuery, Depends(wanted_of)], deps: DepsOf, reader: WorkersView
) -> OwnQueuesView:
    """Count what waits for the caller, by kind, department or community, and document type."""
    counted = await queues.count_queues(wanted, reader.by, deps)
    return queue_presenter.own_queues(counted, reader)


@router.post("/{task_id}/takeover", summary="Take the task over from a colleague", response_model=TaskView)
async def take_over(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    body: TakeoverAsked,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Take a task out of the hand of a colleague, who is told who did so and why. 409 when nobody has it.

    A colleague is of the department that has the task, or of the one above it.
    """
    return await commit(lambda: task_actions.take_over(asked, body.reason, deps), shown_to(reader))


@router.post("/takeovers", summary="Take over everything that a colleague has in hand")
async def take_over_all(body: TakeoverOfAllAsked, deps: DepsOf, reader: WorkersView, request: Request) -> TakeoverView:
    """Take over a colleague's tasks, 200 at most, each in a transaction of its own; what is not for you stays.

    Sent again, the request takes what is left.
    """
    each_alone = routes.Committing(request, None)
    taken: dict[str, TaskSummary] = {}
    left: list[NotTakenView] = []
    for task in await task_actions.held_by(body.claimed_by, reader.by, deps):
        work = partial(
            task_actions.take_over_unseen, TaskRequest(task.id, reader.by), body.claimed_by, body.reason, deps
        )
        try:
            await each_alone(work, lambda after: _keep(taken, queue_presenter.committed(after, reader)))
        except Refusal as refusal:
            taken.pop(task.id, None)
            left.append(queue_presenter.not_taken(task, refusal, reader))
    return TakeoverView(taken=[*taken.values()], not_taken=left)


def _keep(taken: dict[str, TaskSummary], task: TaskSummary) -> TaskSummary:
    """Keep what is about to be committed, once however often that is tried."""
    taken[task.task_id] = task
    return task
