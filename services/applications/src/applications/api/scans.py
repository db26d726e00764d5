"""/v1/applications/{id}/scans: hand in, look at, take back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from applications.api.application_views import ApplicationView
from applications.api.parts import ApplicationId, DepsOf, WordingOf
from applications.domain.application import Application, Scan
from applications.handlers import scans
from applications.handlers.needs import Deps
from applications.handlers.presence import helped
from applications.handlers.scans import Opened, Upload
from messaging.event import ConflictError, Outcome
from runtime.access import Principal, Role, allow
from runtime.presences import Caller, CallerOf
from runtime.refusal import Refusal
from runtime.scans.uploads import read_upload
from runtime.web import Commit, IfMatch

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
                            "description": "JPEG, PNG or PDF, 10 MB at most",
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
    upload = Upload(**handed_in.fields, content=handed_in.content)
    storing = _Storing(application_id, upload, by, deps, if_match)
    try:
        return await commit(
            storing.attach,
            lambda application: ApplicationView.of(application, wording),
            status=201,
            fingerprint=upload.fingerprint,
        )
    except (Refusal, ConflictError):
        await storing.undo()  # it is certain that nothing was committed; what is uncertain is left to the sweep
        raise


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
    opened: list[Opened] = []

    async def work() -> Outcome[Opened]:
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


class _Storing:
    """One upload: stored at most once, however often its commit is tried."""

    def __init__(self, application_id: str, upload: Upload, by: Caller, deps: Deps, if_match: int | None) -> None:
        self._application_id = application_id
        self._upload = upload
        self._by = by
        self._deps = deps
        self._if_match = if_match
        self._stored: Scan | None = None

    async def attach(self) -> Outcome[Application]:
        """Store the content, the first time, and add it to the application."""
        return await helped(self._application_id, self._attached, self._by, self._deps)

    async def _attached(self) -> Outcome[Application]:
        by = self._by.resident
        if self._stored is None:
            self._stored = await scans.store(self._application_id, self._upload, by, self._deps)
        return await scans.attach(self._application_id, self._stored, by, self._deps, if_match=self._if_match)

    async def undo(self) -> None:
        """Remove the content again."""
        if self._stored is not None:
            await self._deps.files.remove(self._stored.id)
