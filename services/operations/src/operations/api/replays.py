"""Routes of replays: parse, call the handler, shape the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from operations.api.replay_requests import ReplayAsked, StepAsked
from operations.api.replay_views import ReplayItemView, ReplayView
from operations.domain.items import ItemState
from operations.domain.replay import State
from operations.handlers import replays
from operations.handlers.dependencies import Deps
from operations.handlers.explanations import explain
from operations.handlers.replays import ShownReplay
from runtime.errors import Refusal
from standards.bounds import Name
from standards.moments import read_moment
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Key, Limit, Page, page

router = APIRouter(prefix="/replays", tags=["replays"])

DepsOf = Annotated[Deps, Depends(routes.deps)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]


@router.post("", summary="Freeze a selection and preview its replay; nothing is sent", status_code=201)
async def prepare(asked: ReplayAsked, by: Operator, deps: DepsOf, commit: routes.Commit) -> Response:
    """Keep which messages are meant as they are now; a later failure does not join them."""
    return await commit(
        lambda: replays.prepare(
            asked.selection, reason=asked.reason, by=by.subject, deps=deps, rate=asked.rate, title=asked.title
        ),
        ReplayView.changed,
        201,
    )


@router.get("", summary="Replays, the latest first")
async def list_all(
    deps: DepsOf,
    _by: Operator,
    *,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ReplayView]:
    """List replays, in one state if asked."""
    found: Sequence[ShownReplay] = await replays.list_all(deps, state=state, before=place(cursor), limit=limit)
    return page(found, limit, key=lambda each: [each.replay.created_at.isoformat(), each.replay.id], view=ReplayView.of)


@router.get("/{replay_id}", summary="One replay and its progress; cheap to ask for often")
async def show(replay_id: Name, _by: Operator, deps: DepsOf, response: Response) -> ReplayView:
    """Show how far it has come; the `ETag` is its version."""
    shown = await replays.show(replay_id, deps)
    response.headers["ETag"] = routes.etag(shown.version)
    return ReplayView.of(shown)


@router.get("/{replay_id}/items", summary="What became of each message")
async def items(
    replay_id: Name,
    _by: Operator,
    deps: DepsOf,
    *,
    state: Annotated[ItemState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ReplayItemView]:
    """List items in the order in which they are sent."""
    found = await replays.items(replay_id, deps, state=state, after=number(cursor), limit=limit)
    return page(await explain(replay_id, found, deps), limit, key=lambda told: [told.item.n], view=ReplayItemView.of)


@router.post("/{replay_id}/start", summary="Begin to send: 1, then 10, then 100, then the rest")
async def start(
    replay_id: Name, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Start it: a canary first, so that what fails again stops the rest."""
    return await commit(lambda: replays.start(replay_id, by=by.subject, version=version, deps=deps), ReplayView.changed)


@router.post("/{replay_id}/pause", summary="Send nothing more until it is resumed")
async def pause(
    replay_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Pause it with a reason; what has been sent stays sent."""
    return await commit(
        lambda: replays.pause(replay_id, reason=asked.reason, by=by.subject, version=version, deps=deps),
        ReplayView.changed,
    )


@router.post("/{replay_id}/resume", summary="Go on, canary first again")
async def resume(
    replay_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Resume it with a reason."""
    return await commit(
        lambda: replays.resume(replay_id, reason=asked.reason, by=by.subject, version=version, deps=deps),
        ReplayView.changed,
    )


@router.post("/{replay_id}/cancel", summary="Never send the rest")
async def cancel(
    replay_id: Name, asked: StepAsked, by: Operator, version: routes.IfMatch, deps: DepsOf, commit: routes.Commit
) -> Response:
    """Cancel it for good with a reason; what has been sent stays sent."""
    return await commit(
        lambda: replays.cancel(replay_id, reason=asked.reason, by=by.subject, version=version, deps=deps),
        ReplayView.changed,
    )


def number(cursor: Key | None) -> int:
    """Read after which number a page goes on. Raises Refusal (`bad-cursor`)."""
    if cursor is not None and not (len(cursor) == 1 and isinstance(cursor[0], int)):
        raise Refusal("bad-cursor", field="cursor")
    return -1 if cursor is None else int(str(cursor[0]))


def place(cursor: Key | None) -> tuple[datetime, str] | None:
    """Read where a page of the latest ended. Raises Refusal (`bad-cursor`)."""
    if cursor is None:
        return None
    try:
        at, last = cursor
        return read_moment(str(at)), str(last)
    except ValueError as error:
        raise Refusal("bad-cursor", field="cursor") from error
