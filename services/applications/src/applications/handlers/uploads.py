"""Scans that come piece by piece: beginning, adding, finishing, giving up.

A piece is stored first, as a scan's content is, and counts when its upload takes it in a transaction; what the upload
refuses is removed again, and what a crash leaves behind between the two is found by the sweep. What is never finished
goes a day after its last piece (retention.yaml).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from applications.domain import scans as rules
from applications.domain.application import Application, ApplicationScan
from applications.domain.uploads import LARGEST, MOST_OPEN, ResumableUpload, of_application, refuse_size
from applications.handlers import scans
from applications.handlers.dependencies import Deps
from applications.handlers.parties import owned
from bus.event import Outcome
from runtime.errors import Conflict, Refusal
from runtime.ids import new_id
from scans.files import StoredFile
from scans.kinds import media_type_of
from web.auth import Principal
from web.turns import TurnLimits

TURNS = TurnLimits(at_once=2, of_one_person=2, longest_wait=2, retry_after=3)
"""How many are put together at a time; with the sanitiser's turns an answer comes before the gateway gives up."""
_TELLS_ITS_KIND = 1024
"""Bytes of a first piece that say what kind of file it is."""


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a caller says of a file before the first byte."""

    requirement: str
    document_type: str
    name: str
    size: int
    sha256: str


async def begin(application_id: str, new: NewUpload, by: Principal, deps: Deps) -> Outcome[ResumableUpload]:
    """Begin an upload, or go on with the unfinished one of the same content."""
    application = await owned(application_id, by, deps)
    refuse_size(new.size)
    rules.refuse_unfit(application, deps.catalogue.item(application.item), new.requirement, new.document_type)
    begun = ResumableUpload(
        id=new_id("upl"),
        application_id=application_id,
        resident_id=application.applicant_id,
        requirement=new.requirement,
        document_type=new.document_type,
        name=new.name,
        size=new.size,
        sha256=new.sha256,
        touched_at=deps.clock(),
    )
    unfinished = await deps.uploads.unfinished(application_id)
    if known := next((each for each in unfinished if each.is_for(begun)), None):
        return Outcome(result=known)
    if len(unfinished) >= MOST_OPEN:
        raise Conflict("too-many-uploads", most=MOST_OPEN)
    return Outcome(changes=[deps.uploads.save(begun)], result=begun)


async def unfinished(application_id: str, by: Principal, deps: Deps) -> Sequence[ResumableUpload]:
    """Return what was begun for an application and has not become a scan, the oldest first."""
    await owned(application_id, by, deps)
    return await deps.uploads.unfinished(application_id)


async def find(application_id: str, upload_id: str, by: Principal, deps: Deps) -> ResumableUpload:
    """Return an upload of one's own application. Raises NotFound."""
    await owned(application_id, by, deps)
    return of_application(await deps.uploads.get(upload_id), application_id)


async def store_piece(
    application_id: str, upload_id: str, offset: int, content: bytes, by: Principal, deps: Deps
) -> str:
    """Store a piece, before the upload takes it (`append`); return its id, empty for an empty piece."""
    upload = await find(application_id, upload_id, by, deps)
    upload.refuse_misplaced(offset, len(content))
    if not content:
        return ""
    rules.refuse_unchangeable(await owned(application_id, by, deps))
    if offset == 0 and len(content) >= min(_TELLS_ITS_KIND, upload.size):
        media_type_of(content)  # refused now, not after the last byte
    id_ = new_id("piece")
    await deps.pieces.put(StoredFile(id_, upload.id), content, "application/octet-stream")
    return id_


async def append(
    application_id: str, upload_id: str, offset: int, piece: tuple[str, int], by: Principal, deps: Deps
) -> Outcome[ResumableUpload]:
    """Add a stored piece (id, bytes) to its upload; nothing changes for an empty one."""
    upload = await find(application_id, upload_id, by, deps)
    id_, length = piece
    upload.refuse_misplaced(offset, length)
    if not id_:
        return Outcome(result=upload)
    longer = upload.with_piece(id_, length, deps.clock())
    return Outcome(changes=[deps.uploads.save(longer)], result=longer)


async def store_whole(application_id: str, upload_id: str, by: Principal, deps: Deps) -> ApplicationScan:
    """Put the pieces together and store what may be kept of them, when there is a turn for it.

    Raises Refusal for what is not what was announced, or no scan; Busy.
    """
    upload = await find(application_id, upload_id, by, deps)
    async with deps.whole_uploads.of(by.subject):
        content = await _content(upload, deps)
        if sha256(content).hexdigest() != upload.sha256:
            raise Refusal("upload-damaged", field="file")
        whole = scans.ScanUpload(upload.requirement, upload.document_type, content)
        return await scans.store(application_id, whole, by, deps, most=LARGEST)


async def take(
    application_id: str, upload_id: str, scan: ApplicationScan, by: Principal, deps: Deps
) -> Outcome[Application]:
    """Add a stored scan to its application, and note that the upload is done."""
    attached = await scans.attach(application_id, scan, by, deps, if_match=None)
    upload = await find(application_id, upload_id, by, deps)
    if not upload.is_open:  # by the same request, sent twice
        raise Conflict("changed-meanwhile")
    taken = deps.uploads.save(upload.taken(scan.id, deps.clock()))
    return Outcome(changes=[*attached.changes, taken], case=application_id, result=attached.result)


async def drop(application_id: str, upload_id: str, by: Principal, deps: Deps) -> Outcome[ResumableUpload]:
    """Give up an upload; its pieces are removed by whoever commits this, or the sweep."""
    upload = await find(application_id, upload_id, by, deps)
    return Outcome(changes=[deps.uploads.remove(upload)], result=upload)


async def sweep(deps: Deps) -> list[Outcome[None]]:
    """Remove pieces that belong to no upload, and remember which do belong."""
    for file in await deps.pieces.doubtful(deps.clock() - scans.SWEPT_AFTER):
        upload = await deps.uploads.get(file.owner_id)
        if upload is not None and file.file_id in upload.pieces:
            await deps.pieces.trust(file.file_id)
        else:
            await deps.pieces.remove(file.file_id)
    return []


async def _content(upload: ResumableUpload, deps: Deps) -> bytes:
    content = bytearray()
    for id_ in upload.pieces:
        piece = await deps.pieces.read(id_)
        if piece is None:  # finished or given up meanwhile
            raise Conflict("changed-meanwhile")
        async for part in piece:
            content += part
    return bytes(content)
