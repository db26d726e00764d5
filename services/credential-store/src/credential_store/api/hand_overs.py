"""/v1/hand-overs: departments hand over files of records, and see how far they have been taken in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from bus.event import ConflictError
from credential_store.api.uploads import receive
from credential_store.api.views import TEXTS
from credential_store.domain.hand_over import HandOver, RefusedLine
from credential_store.domain.refused_file import RefusedLines, Table
from credential_store.handlers import hand_overs
from credential_store.handlers.dependencies import Deps
from records import replies
from runtime.errors import Refusal
from runtime.texts import LANGUAGES
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/hand-overs", tags=["hand-overs"])

DepsOf = Annotated[Deps, Depends(routes.deps)]
Department = Annotated[Principal, allow(Role.DEPARTMENT)]
Id = Annotated[str, Path(pattern=r"^hov_[0-9a-f]{24}$", examples=["hov_5d41402abc4b2a76b9719d91"])]
_FILE = {"type": "string", "format": "binary"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {"schema": _FILE},
            "text/csv": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"mapping": {"type": "string", "description": "YAML or JSON"}, "file": _FILE},
                }
            },
        },
    }
}


class HandOverView(BaseModel):
    """How far a file has been taken in; blank lines are no lines, a header is one.

    `problem` says why it stopped by itself; `speed` is in lines a second.
    """

    hand_over_id: str
    department: str
    name: str
    sha256: str
    size: int
    format: str
    state: str
    state_name: str
    problem: str | None
    problem_name: str | None
    percent: float
    lines: int
    stored: int
    unchanged: int
    refused: int
    speed: float
    received_at: datetime
    ended_at: datetime | None
    version: int


@router.post(
    "",
    summary="Hand over a file of records",
    status_code=201,
    response_model=HandOverView,
    responses={200: {"model": HandOverView, "description": "The same file was handed over before"}},
    openapi_extra=_BODY,
)
async def hand_in(
    request: Request,
    by: Department,
    deps: DepsOf,
    commit: routes.Commit,
    language: routes.Language,
    mapping: Annotated[str | None, Query(max_length=65_536, description="For a CSV body: YAML or JSON")] = None,
    name: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Take a file, JSON Lines or CSV with a mapping; its records are taken in afterwards, in the background."""
    department = hand_overs.department_of(by, deps)
    upload = await receive(
        request, mapping, name, deps.files, lambda kind: hand_overs.check_document_type(kind, department, deps)
    )
    received = upload.received
    try:
        answer = await commit(
            lambda: hand_overs.hand_in(received, upload.mapping, by, deps),
            lambda it: _view(it, language),
            status=lambda it: 201 if it.received.file == received.file else 200,
            fingerprint=received.digest,
        )
    except (Refusal, ConflictError):
        await deps.files.remove(received.file)  # certainly not committed; what is uncertain is left to the sweep
        raise
    if answer.status_code != 201:  # noqa: PLR2004 - created
        await deps.files.remove(received.file)
    return answer


@router.get("", summary="List my department's hand-overs")
async def list_own(
    by: Department, deps: DepsOf, language: routes.Language, cursor: Cursor, limit: Limit = 20
) -> Page[HandOverView]:
    """List them, the latest first."""
    found = await hand_overs.own(by, str(cursor[0]) if cursor else None, limit, deps)
    return page(found, limit, key=lambda it: [it.number], view=lambda it: _view(it, language))


@router.get("/{id}", summary="See how far a hand-over has come")
async def read(id: Id, by: Department, deps: DepsOf, language: routes.Language) -> HandOverView:
    """Show lines, what was stored, unchanged and refused, and the speed."""
    return _view(await hand_overs.read(id, by, deps), language)


@router.get("/{id}/refused", summary="Read the refused lines", response_class=Response)
async def refused(id: Id, by: Department, deps: DepsOf, language: routes.Language) -> Response:
    """Give every refused line with its reason as JSON Lines, in their order."""
    found = await hand_overs.refused(id, by, deps)
    return StreamingResponse(_as_json_lines(found, language), media_type="application/x-ndjson")


@router.get("/{id}/refused-file", summary="Fetch the refused lines to repair them", response_class=Response)
async def refused_file(id: Id, by: Department, deps: DepsOf, language: routes.Language) -> Response:
    """Give every refused line as it was sent, in a file of the same form with the reason beside it."""
    hand_over, found = await hand_overs.read(id, by, deps), await hand_overs.refused(id, by, deps)
    file = _file_of(hand_over, language)
    name = quote(f"refused-{PurePath(hand_over.received.name).name or 'lines'}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(_as_file(file, found, language), media_type=file.media_type, headers=headers)


@router.post("/{id}/pause", summary="Stop a hand-over for a while", response_model=HandOverView)
async def pause(id: Id, by: Department, deps: DepsOf, commit: routes.Commit, language: routes.Language) -> Response:
    """Take no more lines until it is resumed."""
    return await _change(id, by, deps, commit, language, HandOver.paused)


@router.post("/{id}/resume", summary="Go on with a hand-over", response_model=HandOverView)
async def resume(id: Id, by: Department, deps: DepsOf, commit: routes.Commit, language: routes.Language) -> Response:
    """Go on where it was stopped."""
    return await _change(id, by, deps, commit, language, lambda it: it.resumed(deps.clock()))


@router.post("/{id}/cancel", summary="End a hand-over early", response_model=HandOverView)
async def cancel(id: Id, by: Department, deps: DepsOf, commit: routes.Commit, language: routes.Language) -> Response:
    """Take no more lines; what was taken in stays. The same file handed over again goes on there."""
    return await _change(id, by, deps, commit, language, lambda it: it.cancelled(deps.clock()))


async def _change(
    id: str, by: Principal, deps: Deps, commit: routes.Commit, language: str, change: Callable[[HandOver], HandOver]
) -> Response:
    return await commit(lambda: hand_overs.change(id, by, deps, change), lambda it: _view(it, language))


def _file_of(hand_over: HandOver, language: str) -> RefusedLines | Table:
    if hand_over.mapping is None:
        return RefusedLines()
    names = [TEXTS.say(each, "hand-overs.refused-because") for each in LANGUAGES]
    return Table(hand_over, hand_over.mapping, TEXTS.say(language, "hand-overs.refused-because"), names)


async def _as_file(
    file: RefusedLines | Table, found: AsyncIterator[RefusedLine], language: str
) -> AsyncIterator[bytes]:
    yield file.beginning
    async for line in found:
        yield file.line(line, TEXTS.say(language, "hand-overs.refused-line", line=line.line, **told(line, language)))


async def _as_json_lines(found: AsyncIterator[RefusedLine], language: str) -> AsyncIterator[bytes]:
    async for line in found:
        said = {
            "line": line.line,
            "record_id": line.record_id,
            "reason": line.reason,
            "path": line.path,
            **told(line, language),
        }
        yield orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def told(line: RefusedLine, language: str) -> dict[str, str]:
    """Say what is wrong with a line, what was expected and what to do."""
    fault = replies.Fault(line.reason, line.path, line.params)
    return {part: replies.say(language, part, fault, "line") for part in replies.PARTS}


def _view(it: HandOver, language: str) -> HandOverView:
    return HandOverView(
        hand_over_id=it.id,
        department=it.department,
        name=it.received.name,
        sha256=it.received.digest,
        size=it.received.size,
        format="csv" if it.mapping else "json-lines",
        state=it.state,
        state_name=TEXTS.say(language, f"hand-overs.{it.state}"),
        problem=it.problem,
        problem_name=TEXTS.say(language, f"hand-overs.{it.problem}") if it.problem else None,
        percent=it.percent,
        lines=it.lines - it.blank,
        stored=it.stored,
        unchanged=it.unchanged,
        refused=it.refused,
        speed=it.speed,
        received_at=it.received_at,
        ended_at=it.ended_at,
        version=it.version,
    )
