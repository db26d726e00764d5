"""Who stands at a window or a terminal, and /v1/terminals: those that are stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from bus.event import retry_overtaken
from identity.api.parts import DepsOf, after
from identity.api.requests import Because
from identity.domain.terminal import Terminal
from identity.handlers import terminals
from identity.handlers.dependencies import Deps
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page
from web.routes import Commit
from web.service_runtime import ServiceRuntime

router = APIRouter(prefix="/terminals", tags=["terminals"])

Keeper = Annotated[Principal, allow(Role.OPERATOR)]


async def _at_hand(
    request: Request, by: Annotated[Principal, allow(Role.CLERK, Role.TERMINAL)], deps: DepsOf
) -> Principal:
    return await _proven(request, by, deps)


async def _looking_up(
    request: Request, by: Annotated[Principal, allow(Role.CLERK, Role.TERMINAL, rate="look-up")], deps: DepsOf
) -> Principal:
    return await _proven(request, by, deps)


async def _proven(request: Request, by: Principal, deps: Deps) -> Principal:
    """Let a clerk in, and a terminal whose proof is good; the proof is used up whatever comes of the request."""
    if by.role is not Role.TERMINAL:
        return by
    runtime: ServiceRuntime = request.app.state.runtime

    async def present() -> Terminal:
        outcome = await terminals.present(by, request.state.proof, deps)
        await runtime.commit(outcome)
        assert outcome.result is not None  # noqa: S101 - there is always a terminal
        return outcome.result

    terminals.refuse_stopped(await retry_overtaken(present))
    return by


ClerkOrTerminal = Annotated[Principal, Depends(_at_hand)]
"""A clerk, or a terminal that has proven with this request that it holds its key."""

LookingUp = Annotated[Principal, Depends(_looking_up)]
"""The same, where people are found by number: that is counted more strictly."""


class TerminalView(BaseModel):
    """A terminal, and since when it is stopped."""

    terminal_id: str
    stopped_since: datetime | None

    @classmethod
    def of(cls, terminal: Terminal) -> Self:
        return cls(terminal_id=terminal.id, stopped_since=terminal.stopped.since if terminal.stopped else None)


@router.get("", summary="Terminals that are stopped because two devices had one key")
async def list_stopped(_by: Keeper, deps: DepsOf, cursor: Cursor, limit: Limit = 20) -> Page[TerminalView]:
    """List them by id."""
    found = await terminals.stopped(deps, after=after(cursor), limit=limit + 1)
    return page(found, limit, key=lambda each: [each.id], view=TerminalView.of)


@router.post("/{id}/reinstatement", summary="Let a terminal work again, with a new key", response_model=TerminalView)
async def reinstate(
    id: Annotated[str, Path(max_length=100)], body: Because, by: Keeper, deps: DepsOf, commit: Commit
) -> Response:
    """Lift the stop. Its old key stays withdrawn: the device needs a new one, and a token that names it."""
    return await commit(lambda: terminals.reinstate(id, body.reason, by, deps), TerminalView.of)
