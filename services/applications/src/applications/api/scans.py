"""/v1/applications/{id}/scans: hand in, look at, take back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from applications.api.application_views import ApplicationView
from applications.api.parts import ApplicationId, DepsOf, WordingOf
from applications.domain.application import Application, ApplicationScan
from applications.handlers import scans
from applications.handlers.dependencies import Deps
from applications.handlers.presence import helped
from applications.handlers.scans import OpenedScan, ScanUpload
from bus.event import ConflictError, Outcome
from runtime.errors import Refusal
from scans.uploads import read_upload
from web.auth import Principal, Role, allow
from web.presences import CallerOf, PresentCaller
from web.routes import Commit, IfMatch

router = APIRouter(prefix="/applications/{application_id}/scans", tags=["scans"])

ScanId = Annotated[str, Path(max_length=60)]
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "requirement", "document_type"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or PDF, 10 MB at most; up to 40 MB piece by piece: /uploads",
                        },
                        "requirement": {"type": "string", "examples": ["birth-certificate"]},
                        "document_type": {"type": "string", "examples": ["birth-certificate"]},
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    summary="Hand in a scan for a document of the application",
    status_code=201,
    responses={201: {"model": ApplicationView}},
    openapi_extra=_FORM,
)
async def hand_in(
    application_id: ApplicationId,
    request: Request,
    by: CallerOf,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
    if_match: IfMatch,
) -> Response:
    """Take a scan, and leave nothing behind of one that is refused."""
    handed_in = await read_upload(request, "requirement", "document_type")
    upload = ScanUpload(**handed_in.fields, content=handed_in.content)

    async def attach(scan: ApplicationScan) -> Outcome[Application]:
        return await scans.attach(application_id, scan, by.resident, deps, if_match=if_match)

    storing = Storing(application_id, lambda: scans.store(application_id, upload, by.resident, deps), attach, by, deps)
    async with storing.undone_if_refused():
        return await commit(
            storing.attach,
            lambda application: ApplicationView.of(application, wording),
            status=201,
            fingerprint=upload.fingerprint,
        )


@router.get(
    "/{scan_id}",
    summary="Look at a scan",
    description="For its applicant, and for reviewers concerned, who say what for; the applicant can read that.",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in _ENDINGS}}},
)
async def look(
    application_id: ApplicationId,
    scan_id: ScanId,
    by: Annotated[Principal, allow(Role.RESIDENT, Role.REVIEWER)],
    deps: DepsOf,
    commit: Commit,
    purpose: Annotated[str | None, Query(max_length=200, description="Needed of everybody but the applicant")] = None,
) -> Response:
    """Send a scan, and record who looked at it."""
    opened: list[OpenedScan] = []

    async def work() -> Outcome[OpenedScan]:
        outcome = await scans.open_scan(application_id, scan_id, purpose, by, deps)
        opened[:] = [outcome.result] if outcome.result else []
        return outcome

    await commit(work, lambda _: None)
    scan = opened[0].scan
    headers = {
        "Content-Disposition": f'inline; filename="{scan.id}.{_ENDINGS[scan.media_type]}"',
        "Content-Length": str(scan.size),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(opened[0].content, media_type=scan.media_type, headers=headers)


@router.delete(
    "/{scan_id}", summary="Take back a scan that was not submitted yet", responses={200: {"model": ApplicationView}}
)
async def take_back(
    application_id: ApplicationId,
    scan_id: ScanId,
    by: CallerOf,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
    if_match: IfMatch,
) -> Response:
    """Remove a scan."""

    async def detached() -> Outcome[Application]:
        return await scans.detach(application_id, scan_id, by.resident, deps, if_match=if_match)

    answer = await commit(
        lambda: helped(application_id, detached, by, deps),
        lambda application: ApplicationView.of(application, wording),
    )
    await deps.files.remove(scan_id)
    return answer


@dataclass
class Storing:
    """One scan: stored at most once (`store`), however often the commit of its taking (`take`) is tried."""

    application_id: str
    store: Callable[[], Awaitable[ApplicationScan]]
    take: Callable[[ApplicationScan], Awaitable[Outcome[Application]]]
    by: PresentCaller
    deps: Deps
    stored: ApplicationScan | None = None

    async def attach(self) -> Outcome[Application]:
        """Store the content, the first time, and add it to the application."""
        return await helped(self.application_id, self._attached, self.by, self.deps)

    async def _attached(self) -> Outcome[Application]:
        if self.stored is None:
            self.stored = await self.store()
        return await self.take(self.stored)

    @asynccontextmanager
    async def undone_if_refused(self) -> AsyncIterator[None]:
        """Remove the content again when nothing was committed for certain; what is uncertain is left to the sweep."""
        try:
            yield
        except (Refusal, ConflictError):
            if self.stored is not None:
                await self.deps.files.remove(self.stored.id)
            raise
