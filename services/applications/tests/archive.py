"""The store with applications in it, and nobody at work on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from applications.domain.agreement import Agreed, AgreedParty, Agreement, Terms
from applications.domain.application import Application, ApplicationScan, State
from applications.domain.task_claims import TaskClaim
from applications.domain.uploads import ResumableUpload
from applications.events import DataErased, ErasurePreviewed
from applications.store import documents
from applications.store.cascades import CASCADES
from applications.store.files import GridPieces, ScanFiles
from privacy.erasure import Eraser, ErasurePreviewRequested, ErasureRequested
from privacy.holders import Holder
from runtime.clock import utc_now
from scans.files import StoredFile
from services.applications.tests.office import NOON, resident
from store.repository import Database
from testkit import terms
from testkit.fakes import received
from testkit.people import signed_requests
from web.config import ServiceSettings

KINDS = terms.kinds_of("applications")
_UPLOADS = ("uploads", "upload_pieces.files")


class Archive(terms.Archive):
    """Applications, each with a scan, an agreement and a hand."""

    @property
    def files(self) -> ScanFiles:
        """The contents of the scans."""
        return ScanFiles(self.database)

    async def file(
        self, id: str, state: State, *, at: datetime = NOON, by: str = "newcomer", in_hand: bool = True
    ) -> ApplicationScan:
        """Keep an application that somebody made, and that was decided, at a time."""
        scan = ApplicationScan(
            id=f"scan_{id}",
            requirement="housing",
            document_type="property-certificate",
            media_type="image/png",
            size=3,
            sha256="ab" * 32,
            uploaded_at=at,
            attempt=1,
        )
        party = resident("newcomer").party
        application = Application(
            id=id,
            reference=id,
            item="senior-card",
            state=state,
            applicant_id=by,
            applicant=party,
            subject=party,
            created_at=at,
            scans=(scan,),
            decided_at=at if state in {"approved", "rejected"} else None,
        )
        applicant = AgreedParty(resident_id=by, name="李育成")
        agreed = Terms(application_id=id, reference=id, item="senior-card", statement={}, form={}, applicant=applicant)
        hand = TaskClaim(id=f"task_{id}", application_id=id, kind="review")
        await self.files.put(StoredFile(scan.id, id), b"png", "image/png")
        await self.keep(
            documents.ApplicationStore(self.database).save(application),
            documents.AgreementStore(self.database).save(Agreement(id=id, current=Agreed(terms=agreed, signatures=()))),
            *([documents.HandStore(self.database).save(hand)] if in_hand else ()),
        )
        return scan

    async def upload(self, id: str, application_id: str, *, at: datetime = NOON, by: str = "newcomer") -> None:
        """Keep a scan of which one piece has come."""
        piece = f"piece_{id}"
        await GridPieces(self.database).put(StoredFile(piece, id), b"png", "application/octet-stream")
        upload = ResumableUpload(
            id=id,
            application_id=application_id,
            resident_id=by,
            requirement="housing",
            document_type="property-certificate",
            name="a.png",
            size=9,
            sha256="ab" * 32,
            pieces=(piece,),
            received=3,
            touched_at=at,
        )
        await self.keep(documents.UploadStore(self.database).save(upload))

    async def uploads_left(self) -> tuple[set[str], set[str]]:
        """Return the ids of uploads and of pieces."""
        kept = [{str(row["_id"]) async for row in self.database[name].find({})} for name in _UPLOADS]
        return kept[0], kept[1]

    @property
    def eraser(self) -> Eraser:
        """What erases."""
        return Eraser.of(
            self.service,
            self.database,
            ServiceSettings(),
            documents.held,
            self.cascades,
            cases="applications",
            requests=signed_requests({}, utc_now),
        )

    async def preview(self, resident_id: str) -> ErasurePreviewed:
        """Return what would go of a resident's."""
        holder = Holder(resident_id=resident_id, index="9f" * 32)
        outcome = await self.eraser.preview(
            ErasurePreviewed, ErasurePreviewRequested(erasure_id="era_1", holder=holder)
        )
        assert not outcome.changes
        [event] = outcome.events
        assert isinstance(event, ErasurePreviewed)
        return event

    async def erase(self, resident_id: str, only: list[str] | None = None) -> DataErased:
        """Erase what a resident wants gone; return what is told of it."""
        holder = Holder(resident_id=resident_id, index="9f" * 32)
        asked = ErasureRequested(erasure_id="era_1", holder=holder, only=only)
        outcome = await self.eraser.answer(DataErased, received(asked))
        await self.commit(outcome)
        [event] = outcome.events
        assert isinstance(event, DataErased)
        return event

    async def left(self) -> dict[str, set[str]]:
        names = ("applications", "agreements", "hands", "scans.files", "scans.chunks", "handed_in")
        return {
            name: {str(row.get("files_id", row["_id"])) async for row in self.database[name].find({})} for name in names
        }


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Archive]:
    """Open an empty store."""
    async with terms.archive("applications", database, documents.INDEXES, CASCADES) as it:
        yield Archive(it.service, it.database, it.committer, it.kinds, it.cascades)
