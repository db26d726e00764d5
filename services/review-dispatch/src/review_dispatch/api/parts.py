"""What the routes have in common: who may call them, what is asked for, whom the answer is for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from review_dispatch.api import task_presenter
from review_dispatch.api.asked import StatusAsked
from review_dispatch.api.reader import TaskReader
from review_dispatch.domain.queue import QueueQuery
from review_dispatch.domain.task import EVERY_STATUS, WAITING, Kind
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.task_actions import TaskRequest
from runtime.clock import today
from standards.bounds import Name
from web import routes
from web.auth import Principal, Role, allow

DepsOf = Annotated[Deps, Depends(routes.deps)]
Worker = Annotated[Principal, allow(Role.REVIEWER, Role.GRID_OFFICER)]
SigningWorker = Annotated[Principal, allow(Role.REVIEWER, Role.GRID_OFFICER, signed=True)]
Reviewer = Annotated[Principal, allow(Role.REVIEWER)]
SigningReviewer = Annotated[Principal, allow(Role.REVIEWER, signed=True)]
Onlooker = Annotated[Principal, allow(Role.REVIEWER, Role.GRID_OFFICER, Role.OPERATOR)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
Counter = Annotated[Principal, allow(Role.OFFICIAL, Role.OPERATOR)]


async def wanted_of(  # noqa: PLR0913 - one parameter for each filter
    by: Onlooker,
    deps: DepsOf,
    *,
    department: Annotated[Name | None, Query(examples=["health"])] = None,
    community: Annotated[Name | None, Query(examples=["440309002001"])] = None,
    kind: Annotated[Kind | None, Query()] = None,
    status: Annotated[
        list[StatusAsked] | None, Query(max_length=20, description="By default whatever still waits")
    ] = None,
    document_type: Annotated[Name | None, Query(examples=["birth-certificate"])] = None,
    application_id: Annotated[Name | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only what waits and whose deadline has passed")] = False,
    mine: Annotated[bool, Query(description="Only what the caller has claimed")] = False,
    claimed_by: Annotated[Name | None, Query(description="Only what this colleague has claimed")] = None,
    taken_over_from_me: Annotated[bool, Query(description="Only what a colleague took over from the caller")] = False,
) -> QueueQuery:
    statuses = frozenset(status) if status else EVERY_STATUS if taken_over_from_me else WAITING
    return QueueQuery(
        departments=None if department is None else frozenset({department}),
        communities=None if community is None else frozenset({community}),
        kind=kind,
        statuses=statuses & WAITING if overdue else statuses,
        document_type=document_type,
        application_id=application_id,
        due_before=today(deps.clock()) if overdue else None,
        claimed_by=by.subject if mine else claimed_by,
        taken_from=by.subject if taken_over_from_me else None,
    )


async def asked_of(task_id: Name, by: Worker, version: routes.IfMatch) -> TaskRequest:
    return TaskRequest(task_id, by, version)


async def signed_asked_of(task_id: Name, by: SigningWorker, version: routes.IfMatch) -> TaskRequest:
    """Read the same where a right is given: the request is signed."""
    return TaskRequest(task_id, by, version)


async def signed_reviewer_asked_of(task_id: Name, by: SigningReviewer, version: routes.IfMatch) -> TaskRequest:
    """Read the same where grid officers have no part."""
    return TaskRequest(task_id, by, version)


async def reviewer_asked_of(task_id: Name, by: Reviewer, version: routes.IfMatch) -> TaskRequest:
    """Read the same where grid officers have no part."""
    return TaskRequest(task_id, by, version)


async def resident_asked_of(task_id: Name, by: Resident, version: routes.IfMatch) -> TaskRequest:
    """Read the same for a resident whose application it is about."""
    return TaskRequest(task_id, by, version)


def _reader(request: Request, by: Principal, language: str) -> TaskReader:
    deps: Deps = request.app.state.deps
    return TaskReader(by, language, deps.district, today(deps.clock()))


async def _worker(request: Request, by: Worker, language: routes.Language) -> TaskReader:
    return _reader(request, by, language)


async def _onlooker(request: Request, by: Onlooker, language: routes.Language) -> TaskReader:
    return _reader(request, by, language)


async def _resident(request: Request, by: Resident, language: routes.Language) -> TaskReader:
    return _reader(request, by, language)


ResidentsView = Annotated[TaskReader, Depends(_resident)]
WorkersView = Annotated[TaskReader, Depends(_worker)]
OnlookersView = Annotated[TaskReader, Depends(_onlooker)]


def shown_to(reader: TaskReader) -> task_presenter.View:
    """Show a task as it is once the change is stored."""
    return lambda task: task_presenter.committed(task, reader)
