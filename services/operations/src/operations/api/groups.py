"""Routes of groups: list, read, note."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from operations.api.failure_views import GroupSummary, GroupView
from operations.api.parameters import After, DepsOf, Operator, place
from operations.domain.failure import State
from operations.handlers import groups as handlers
from standards.bounds import Name, Text, Words
from web import routes
from web.pages import Limit, Page, page

router = APIRouter(prefix="/failure-groups", tags=["failure groups"])

Id = Annotated[Name, Path(examples=["g0a1b2c3d4e5f607"])]


class NoteGiven(BaseModel):
    """What the next operator should know."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "INC-4711：已通知卫生局"}]})

    text: Words | None = None


@router.get("", summary="List groups of failures, the latest seen first")
async def find_all(
    by: Operator,
    deps: DepsOf,
    after: After,
    service: Annotated[Text | None, Query(examples=["matcher"])] = None,
    event_type: Annotated[Text | None, Query(examples=["applications.document-submitted.v2"])] = None,
    state: Annotated[State | None, Query(description="Only groups that have failures in this state")] = None,
    limit: Limit = 20,
) -> Page[GroupSummary]:
    """One group is what failed in one service, of one event type, of one cause."""
    del by
    found = await handlers.find_all(deps, service=service, event_type=event_type, state=state, after=after, limit=limit)
    return page(found, limit, key=lambda it: place(it.last_seen, it.id), view=GroupSummary.of)


@router.get("/{id}", summary="Read one group, with its trend")
async def read(id: Id, by: Operator, deps: DepsOf, response: Response) -> GroupView:
    """Show a group with the dead letters of each hour of the last seven days."""
    del by
    group = await handlers.find(id, deps)
    response.headers["ETag"] = routes.etag(group.version)
    return GroupView.showing(group, deps.clock())


@router.post("/{id}/notes", summary="Note something on a group", response_model=GroupView)
async def note(
    id: Id, given: NoteGiven, by: Operator, deps: DepsOf, if_match: routes.IfMatch, commit: routes.Commit
) -> Response:
    """Add a note; it can't be changed afterwards."""
    return await commit(
        lambda: handlers.note(id, given.text, by.subject, deps, if_match),
        lambda group: GroupView.showing(group, deps.clock(), group.version + 1),
        status=201,
    )
