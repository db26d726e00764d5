"""Routes of edits: parse, call the handler, shape the answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from operations.api.replay_requests import EditAsked, StepAsked
from operations.api.replay_views import EditView, MessageView
from operations.api.replays import number, place
from operations.domain.edit import State
from operations.handlers import edits, group_edits
from operations.handlers.dependencies import Deps
from standards.bounds import Name, Text
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page

router = APIRouter(tags=["edits"])

DepsOf = Annotated[Deps, Depends(routes.deps)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]


@router.post("/failures/{failure_id}/edits", summary="Propose what is to be sent instead", status_code=201)
async def propose(
    failure_id: Name, asked: EditAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Propose an edit; `If-Match` names the version of the failure."""
    return await commit(
        lambda: edits.propose(failure_id, asked.asked, reason=asked.reason, by=by.subject, deps=deps, version=version),
        EditView.changed_one,
        201,
    )


@router.get("/edits", summary="Edits, the latest first")
async def list_all(
    deps: DepsOf,
    _by: Operator,
    *,
    state: Annotated[State | None, Query()] = None,
    failure: Annotated[Text | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[EditView]:
    """List what operators proposed to change in messages, of one failure or in one state if asked."""
    found = await edits.list_all(deps, state=state, failure=failure, before=place(cursor), limit=limit)
    return page(found, limit, key=lambda each: [each.edit.created_at.isoformat(), each.edit.id], view=EditView.of)


@router.get("/edits/{edit_id}", summary="One edit and what became of it")
async def show(edit_id: Name, _by: Operator, deps: DepsOf, response: Response) -> EditView:
    """Show what was proposed, by whom, and what became of it; the `ETag` is its version."""
    shown = await edits.show(edit_id, deps)
    response.headers["ETag"] = routes.etag(shown.version)
    return EditView.of(shown)


@router.get("/edits/{edit_id}/messages", summary="What an edit for a group changes in each message")
async def messages(
    edit_id: Name, _by: Operator, deps: DepsOf, *, cursor: Cursor = None, limit: Limit = 20
) -> Page[MessageView]:
    """List the messages in the order in which they are sent."""
    edit = await edits.find(edit_id, deps)
    found = await group_edits.differences_of(edit, deps, after=number(cursor), limit=limit + 1)
    return page(found, limit, key=lambda each: [each.n], view=MessageView.of)


@router.post("/edits/{edit_id}/approval", summary="Let it be sent; another person than who proposed it")
async def approve(
    edit_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Approve it, and have it sent at once."""
    return await commit(
        lambda: edits.approve(edit_id, by=by.subject, version=version, deps=deps, reason=asked.reason),
        EditView.changed_one,
    )


@router.post("/edits/{edit_id}/rejection", summary="Refuse it")
async def reject(
    edit_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Refuse it with a reason; the failure can be edited again."""
    return await commit(
        lambda: edits.reject(edit_id, reason=asked.reason, by=by.subject, version=version, deps=deps),
        EditView.changed_one,
    )


@router.post("/edits/{edit_id}/withdrawal", summary="Take one's own back")
async def withdraw(
    edit_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Take it back with a reason; only who proposed it may."""
    return await commit(
        lambda: edits.withdraw(edit_id, reason=asked.reason, by=by.subject, version=version, deps=deps),
        EditView.changed_one,
    )
