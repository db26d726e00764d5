"""Scans: handing them in, taking them back, looking at them.

A content can't be stored in the transaction of its application. It is therefore stored first and removed again when
the application refuses it; what a crash leaves behind between the two is found and removed by the sweep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from applications.domain import scans
from applications.domain.application import Application, ApplicationScan
from applications.domain.task_claims import holds
from applications.handlers.access_events import about, accessed
from applications.handlers.dependencies import Deps
from applications.handlers.parties import owned, readable
from bus.event import Outcome
from runtime.errors import NotAllowed, NotFound, Refusal, check_version
from runtime.ids import new_id
from scans.files import StoredFile
from scans.kinds import LARGEST, media_type_of, refuse_large
from standards.bounds import is_said
from web.auth import Principal, Role

SWEPT_AFTER = timedelta(hours=1)
"""How old a content that belongs to nothing must be before it is removed; no upload takes that long."""


@dataclass(frozen=True, slots=True)
class ScanUpload:
    """A file as it was handed in."""

    requirement: str
    document_type: str
    content: bytes

    @property
    def fingerprint(self) -> str:
        """Tell one upload from another."""
        return f"{self.requirement} {self.document_type} {sha256(self.content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class OpenedScan:
    """A scan and its content, in pieces."""

    scan: ApplicationScan
    content: AsyncIterator[bytes]


async def store(
    application_id: str, upload: ScanUpload, by: Principal, deps: Deps, *, most: int = LARGEST
) -> ApplicationScan:
    """Check a file of at most so many bytes and store what may be kept of it, before the application takes it."""
    application = await owned(application_id, by, deps)
    refuse_large(len(upload.content), most)
    scan = ApplicationScan(
        id=new_id("scan"),
        requirement=upload.requirement,
        document_type=upload.document_type,
        media_type=media_type_of(upload.content),
        size=len(upload.content),
        sha256=sha256(upload.content).hexdigest(),
        uploaded_at=deps.clock(),
        attempt=application.attempt + 1,
    )
    item = deps.catalogue.item(application.item)
    scans.refuse_unfit(application, item, scan.requirement, scan.document_type)  # now, not after the storing
    content = await deps.sanitiser.sanitise(upload.content, scan.media_type, by.subject)
    refuse_large(len(content), most)
    await deps.files.put(StoredFile(scan.id, application.id), content, scan.media_type)
    return scan.model_copy(update={"size": len(content), "sha256": sha256(content).hexdigest()})


async def attach(
    application_id: str, scan: ApplicationScan, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Application]:
    """Add a stored scan to its application."""
    application = await owned(application_id, by, deps)
    check_version(application.version, if_match)
    changed = scans.attach(application, deps.catalogue.item(application.item), scan)
    return Outcome(changes=[deps.applications.save(changed)], result=changed)


async def detach(
    application_id: str, scan_id: str, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[Application]:
    """Take back a scan that has not been submitted; its content is removed by whoever commits this, or the sweep."""
    application = await owned(application_id, by, deps)
    check_version(application.version, if_match)
    changed = scans.detach(application, scan_id)
    await deps.files.doubt(scan_id)
    return Outcome(changes=[deps.applications.save(changed)], result=changed)


async def open_scan(
    application_id: str, scan_id: str, purpose: str | None, by: Principal, deps: Deps
) -> Outcome[OpenedScan]:
    """Open a scan: one's own, a ward's, or that of a document whose review one has in hand, stating what for.

    Those concerned can read it: the applicant, and at a review whose document it is.
    Raises NotFound, NotAllowed for a reviewer who has no such task (whatever there is), Refusal without a purpose.
    """
    if by.role is Role.RESIDENT:
        application, stated = await readable(application_id, by, deps), None
        scan, holders = scans.find(application, scan_id), []
    else:
        application, scan = await _in_hand(application_id, scan_id, by, deps)
        stated = _stated(purpose)
        holders = [application.people[asked.holder] for asked in application.asked if asked.key == scan.requirement]
    people, types = (application.applicant, *holders), [scan.document_type]
    told = accessed(about(application), people, by, deps, how="opened", what="scan", types=types, purpose=stated)
    return Outcome(accesses=told, case=application.id, result=await _opened(scan, deps))


async def sweep(deps: Deps) -> list[Outcome[None]]:
    """Remove contents that belong to no application, and remember which do belong."""
    for file in await deps.files.doubtful(deps.clock() - SWEPT_AFTER):
        application = await deps.applications.get(file.owner_id)
        if application is not None and any(scan.id == file.file_id for scan in application.scans):
            await deps.files.trust(file.file_id)
        else:
            await deps.files.remove(file.file_id)
    return []


async def _in_hand(application_id: str, scan_id: str, by: Principal, deps: Deps) -> tuple[Application, ApplicationScan]:
    """Return a scan of a document whose review the caller has in hand now."""
    application = await deps.applications.get(application_id)
    if application is not None and not application.is_final:
        hands = await deps.hands.of_application(application_id)
        scan = next((each for each in application.scans if each.id == scan_id), None)
        if scan is not None and holds(hands, by.subject, scan.requirement):
            return application, scan
    raise NotAllowed("scan-not-in-hand")


async def _opened(scan: ApplicationScan, deps: Deps) -> OpenedScan:
    content = await deps.files.read(scan.id)
    if content is None:
        raise NotFound("unknown-scan")
    return OpenedScan(scan, content)


def _stated(purpose: str | None) -> str:
    if purpose is None or not is_said(purpose):
        raise Refusal("purpose-needed", field="purpose")
    return purpose.strip()
