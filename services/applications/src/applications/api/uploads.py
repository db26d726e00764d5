"""/v1/applications/{id}/uploads: hand in a scan piece by piece, and go on after a lost line.

After "Resumable Uploads for HTTP" (IETF, draft-ietf-httpbis-resumable-upload): `Upload-Offset`, `Upload-Complete`,
`Upload-Length`, `Upload-Limit` and `application/partial-upload` mean what they mean there. Begun by a JSON body, which
says what the file is for and its SHA-256.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from applications.api.labels import LabelledCode, Labels
from applications.api.parts import ApplicationId, DepsOf, WordingOf
from applications.api.requests import ApplicationsRequest as JsonRequest
from applications.api.requests import Line
from applications.api.scans import Storing
from applications.domain.application import Application, ApplicationScan
from applications.domain.uploads import LARGEST, LARGEST_PIECE, ResumableUpload
from applications.handlers import uploads
from applications.handlers.dependencies import Deps
from applications.handlers.presence import refuse_unhelped
from applications.handlers.uploads import NewUpload
from bus.event import ConflictError, Outcome
from runtime.errors import Refusal, TooLarge, Unsupported
from web.presences import CallerOf, PresentCaller
from web.routes import Commit, Committing

router = APIRouter(prefix="/applications/{application_id}/uploads", tags=["scans"])

UploadId = Annotated[str, Path(max_length=60)]
_PIECE = "application/partial-upload"
_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            _PIECE: {"schema": {"type": "string", "format": "binary", "description": "The next bytes, 1 MiB at most"}}
        }
    }
}
_LARGEST_FILE = 2**40
"""Bytes that a size may name; what is larger than a scan may be is refused in words."""
_OF_THE_FILE = frozenset({413, 415, 422})
"""Refusals of what was sent: the upload is given up. Others (busy, changed meanwhile) may pass."""


class UploadToBegin(JsonRequest):
    """A file, before its first byte."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "requirement": "housing",
                    "document_type": "property-certificate",
                    "name": "房产证.pdf",
                    "size": 30_000_000,
                    "sha256": "9f" * 32,
                }
            ]
        }
    )

    requirement: Line
    document_type: Line
    name: Annotated[str, Field(min_length=1, max_length=200, description="By which people know the file again")]
    size: Annotated[int, Field(strict=True, ge=0, le=_LARGEST_FILE, description="Bytes, 40 MiB at most")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the whole content, in hexadecimal")]


class UploadView(BaseModel):
    """How far an upload is. `scan_id` is the scan that it became."""

    upload_id: str
    requirement: str
    document_type: LabelledCode
    name: str
    size: int
    received: int
    scan_id: str | None

    @classmethod
    def of(cls, upload: ResumableUpload, wording: Labels) -> Self:
        return cls(
            upload_id=upload.id,
            requirement=upload.requirement,
            document_type=wording.document(upload.document_type),
            name=upload.name,
            size=upload.size,
            received=upload.received,
            scan_id=upload.scan_id,
        )


class UploadsView(BaseModel):
    """What was begun and is not finished."""

    items: list[UploadView]


@router.post(
    "",
    summary="Begin to hand in a scan piece by piece, or go on with it",
    description="201 for a new upload; 200 for the unfinished one of the same content, and where it goes on.",
    status_code=201,
    response_model=UploadView,
    responses={200: {"model": UploadView}},
)
async def begin(
    application_id: ApplicationId,
    body: UploadToBegin,
    by: CallerOf,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
) -> Response:
    new = NewUpload(**body.model_dump())
    begun: list[Outcome[ResumableUpload]] = []

    async def work() -> Outcome[ResumableUpload]:
        await refuse_unhelped(application_id, by, deps)
        begun[:] = [await uploads.begin(application_id, new, by.resident, deps)]
        return begun[0]

    answer = await commit(
        work,
        lambda upload: UploadView.of(upload, wording),
        status=lambda _: 201 if begun[0].changes else 200,
    )
    upload_id = UploadView.model_validate_json(bytes(answer.body)).upload_id
    answer.headers["Location"] = f"/v1/applications/{application_id}/uploads/{upload_id}"
    return answer


@router.get("", summary="Unfinished uploads of an application", response_model=UploadsView)
async def unfinished(application_id: ApplicationId, by: CallerOf, deps: DepsOf, wording: WordingOf) -> UploadsView:
    """List unfinished uploads, the oldest first."""
    await refuse_unhelped(application_id, by, deps)
    found = await uploads.unfinished(application_id, by.resident, deps)
    return UploadsView(items=[UploadView.of(each, wording) for each in found])


@router.head("/{upload_id}", include_in_schema=False)
@router.get(
    "/{upload_id}", summary="How far an upload is; HEAD answers with the headers alone", response_model=UploadView
)
async def how_far(
    application_id: ApplicationId, upload_id: UploadId, by: CallerOf, deps: DepsOf, wording: WordingOf
) -> Response:
    """Tell where an upload goes on (`Upload-Offset`)."""
    await refuse_unhelped(application_id, by, deps)
    return _shown(await uploads.find(application_id, upload_id, by.resident, deps), wording)


@router.patch(
    "/{upload_id}",
    summary="Hand in the next piece",
    description="From `Upload-Offset` on, which must be where the last piece ended (409, and HEAD tells where). With "
    "the last byte the file is checked and becomes a scan of the application; if that could not be done in time (503), "
    "an empty piece at the end asks for it again.",
    response_model=UploadView,
    openapi_extra=_BODY,
)
async def append(
    application_id: ApplicationId,
    upload_id: UploadId,
    request: Request,
    by: CallerOf,
    deps: DepsOf,
    wording: WordingOf,
    upload_offset: Annotated[int, Header(ge=0, description="Where the piece begins")],
) -> Response:
    """Take a piece, and after the last one the whole."""
    await refuse_unhelped(application_id, by, deps)
    content = await _piece(request)
    uploading = _Uploading(application_id, upload_id, by, deps, Committing(request, None))
    try:
        upload = await uploading.append(upload_offset, content)
        if upload.is_complete and upload.is_open:
            upload = await uploading.finish()
    except Refusal as refusal:
        if refusal.status in _OF_THE_FILE:
            await uploading.drop()
        raise
    return _shown(upload, wording)


@router.delete("/{upload_id}", summary="Give up an upload", status_code=204)
async def drop(
    application_id: ApplicationId, upload_id: UploadId, request: Request, by: CallerOf, deps: DepsOf
) -> Response:
    """Remove what has come of it."""
    await refuse_unhelped(application_id, by, deps)
    await _Uploading(application_id, upload_id, by, deps, Committing(request, None)).drop()
    return Response(status_code=204)


@dataclass
class _Uploading:
    """One request about an upload. Its commits take no key of the caller's: the offset says which piece it is."""

    application_id: str
    upload_id: str
    by: PresentCaller
    deps: Deps
    commit: Committing

    async def append(self, offset: int, content: bytes) -> ResumableUpload:
        """Store a piece and add it; nothing of it stays when it is refused."""
        of, by = (self.application_id, self.upload_id), self.by.resident
        piece = await uploads.store_piece(*of, offset, content, by, self.deps)
        try:
            await self.commit(lambda: uploads.append(*of, offset, (piece, len(content)), by, self.deps), _unseen)
        except (Refusal, ConflictError):
            await self.deps.pieces.remove(piece)
            raise
        return await self._now()

    async def finish(self) -> ResumableUpload:
        """Make a scan of it, and forget its pieces."""
        of, by = (self.application_id, self.upload_id), self.by.resident
        pieces = (await self._now()).pieces

        async def take(scan: ApplicationScan) -> Outcome[Application]:
            return await uploads.take(*of, scan, by, self.deps)

        storing = Storing(
            self.application_id, lambda: uploads.store_whole(*of, by, self.deps), take, self.by, self.deps
        )
        async with storing.undone_if_refused():
            await self.commit(storing.attach, _unseen)
        await asyncio.gather(*(self.deps.pieces.remove(each) for each in pieces))
        return await self._now()

    async def drop(self) -> None:
        """Give it up."""
        of, by = (self.application_id, self.upload_id), self.by.resident
        pieces = (await self._now()).pieces
        await self.commit(lambda: uploads.drop(*of, by, self.deps), _unseen)
        await asyncio.gather(*(self.deps.pieces.remove(each) for each in pieces))

    async def _now(self) -> ResumableUpload:
        return await uploads.find(self.application_id, self.upload_id, self.by.resident, self.deps)


async def _piece(request: Request) -> bytes:
    """Read a piece. Raises Unsupported, TooLarge."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _PIECE:
        raise Unsupported("upload-not-partial")
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST_PIECE:
            raise TooLarge("upload-piece-too-large", most=LARGEST_PIECE)
    return bytes(content)


def _shown(upload: ResumableUpload, wording: Labels) -> Response:
    """Answer with how far it is, in the body and in the headers of the draft (structured fields)."""
    headers = {
        "Upload-Offset": str(upload.received),
        "Upload-Length": str(upload.size),
        "Upload-Complete": "?1" if upload.is_complete else "?0",
        "Upload-Limit": f"max-size={LARGEST}, max-append-size={LARGEST_PIECE}",
        "Cache-Control": "no-store",
    }
    return Response(UploadView.of(upload, wording).model_dump_json(), media_type="application/json", headers=headers)


def _unseen(_: object) -> None:
    """Show nothing of a commit: the answer is made of what is there after it."""
