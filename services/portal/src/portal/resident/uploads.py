"""Handing in a file piece by piece, for a form without a script and for the script that shows how far it is.

The script talks to these addresses as the service's interface is talked to: it begins with the file's SHA-256, sends
piece after piece, and asks where to go on after a lost line. The browser never gets a token.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portal.frame.calls import Away, CallRefused, GatewayAnswer, GatewayProblem, Json
from portal.frame.forms import FormExpired, Sent, comes_from_us
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit

router = page_router()

PIECE = 1024 * 1024
"""Bytes of one piece at most, as the service and the gateway take them."""
_ELSEWHERE = 409
"""The upload goes on elsewhere than the piece begins."""
_NAME = 200
"""Characters of a file's name that are kept."""


@dataclass(frozen=True)
class Chosen:
    """A file that a form brought."""

    requirement: str
    document_type: str
    name: str
    content: bytes


class Upload(GatewayAnswer):
    """How far an upload is."""

    upload_id: str
    requirement: str = ""
    name: str = ""
    size: int
    received: int
    scan_id: str | None = None


class Unfinished(GatewayAnswer):
    """Uploads that were begun and not finished."""

    items: tuple[Upload, ...]


class Begun(BaseModel):
    """What the script says of a file before its first byte."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    requirement: str
    document_type: str
    name: str
    size: int
    sha256: str


def uploads_of(application_id: str) -> str:
    """Return the interface's address of an application's uploads."""
    return f"/v1/applications/{path_of(application_id)}/uploads"


async def hand_over(visit: PageVisit, application_id: str, chosen: Chosen, *, once: str) -> None:
    """Hand in a file that is here as a whole; one that was begun earlier goes on where it was.

    Sent twice at once, each goes on from where the other is. Raises Refused, Away.
    """
    body: dict[str, Json] = {
        "requirement": chosen.requirement,
        "document_type": chosen.document_type,
        "name": chosen.name[:_NAME],
        "size": len(chosen.content),
        "sha256": sha256(chosen.content).hexdigest(),
    }
    upload = await visit.call.post(uploads_of(application_id), Upload, body, once=once)
    path = f"{uploads_of(application_id)}/{path_of(upload.upload_id)}"
    while upload.scan_id is None:
        offset = upload.received
        try:
            upload = await visit.call.upload_piece(path, Upload, offset, chosen.content[offset : offset + PIECE])
        except CallRefused as refused:
            if refused.problem.status != _ELSEWHERE:
                raise
            upload = await visit.call.get(path, Upload)
            if upload.scan_id is None and upload.received == offset:
                raise


@router.post("/applications/{application_id}/uploads")
async def begin(visit: Anybody, request: Request, application_id: str, begun: Begun) -> Response:
    """Begin a file, or go on with it."""
    _refuse_strangers(visit, request)
    body: dict[str, Json] = {**begun.model_dump(), "name": begun.name[:_NAME] or "scan"}
    return await _told(lambda: visit.call.post(uploads_of(application_id), Upload, body))


@router.get("/applications/{application_id}/uploads/{upload_id}")
async def how_far(visit: Anybody, application_id: str, upload_id: str) -> Response:
    """Tell how far a file is."""
    return await _told(lambda: visit.call.get(f"{uploads_of(application_id)}/{path_of(upload_id)}", Upload))


@router.patch("/applications/{application_id}/uploads/{upload_id}")
async def append(
    visit: Anybody, request: Request, application_id: str, upload_id: str, upload_offset: Annotated[int, Header()]
) -> Response:
    """Take the next piece; the gateway lets none through that is larger than it may be."""
    _refuse_strangers(visit, request)
    content = await request.body()
    path = f"{uploads_of(application_id)}/{path_of(upload_id)}"
    return await _told(lambda: visit.call.upload_piece(path, Upload, upload_offset, content))


@router.post("/applications/{application_id}/uploads/{upload_id}/removal")
async def give_up(visit: Anybody, form: Sent, application_id: str, upload_id: str) -> Response:
    """Give up a file that is not whole yet."""
    await visit.call.send("DELETE", f"{uploads_of(application_id)}/{path_of(upload_id)}")
    return visit.go(form.page)


def _refuse_strangers(visit: PageVisit, request: Request) -> None:
    """Refuse a request that no page of this session made. Raises FormExpired."""
    token = request.headers.get("x-form-token", "")
    if not comes_from_us(request) or not hmac.compare_digest(visit.form_token.encode(), token.encode()):
        raise FormExpired


async def _told(call: Callable[[], Awaitable[Upload]]) -> Response:
    """Answer the script: how far it is, or what was wrong, in the person's words; 503 when it may try again."""
    try:
        upload = await call()
    except CallRefused as refused:
        return JSONResponse(_words(refused.problem), refused.problem.status)
    except Away:
        return JSONResponse({}, 503)
    return JSONResponse({"id": upload.upload_id, "received": upload.received, "done": upload.scan_id is not None})


def _words(problem: GatewayProblem) -> dict[str, str]:
    told = problem.errors[0] if problem.errors else problem
    return {"text": " ".join(part for part in (told.detail or problem.title, told.action) if part)}
