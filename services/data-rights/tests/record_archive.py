"""A record in the real store: what the service keeps there, and what somebody with its account could write."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey

from data_rights import store
from data_rights.commands import verify
from data_rights.commands.console import RecordConsole
from data_rights.config import Settings
from data_rights.domain.access import Access, AccessedBy, SeenDocument
from data_rights.domain.chain import Block
from data_rights.domain.correctable import Correctables
from data_rights.domain.verification import RecordVerification
from data_rights.handlers import blocks
from data_rights.handlers.dependencies import Deps
from runtime.data_files import load
from runtime.json_signatures import SigningKeys
from store import retention
from store.commit import Committer
from store.repository import Database, Document, Write
from testkit.fakes import FakeClock, NothingHeld
from testkit.people import signed_requests
from web.reviewers import Reviewers

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
RECORD_KEYS = SigningKeys.of(ECKey.generate_key("P-256"))
LATER = NOW + timedelta(hours=2)
TERM = 1095
ENTRIES = 8
"""In blocks of 3, 3 and 2."""


def entry(number: int = 1, holder: str = "9f" * 32, **changed: object) -> Access:
    """Return an entry; entries of a higher number are later."""
    fields: dict[str, object] = {
        "id": f"acc_{number:016x}-0a",
        "holder": holder,
        "by": AccessedBy(subject="reviewer-3", role="reviewer", departments=("health",)),
        "how": "viewed",
        "what": "task",
        "documents": (SeenDocument(document_type="birth-certificate"),),
        "application_id": "app_1",
        "item": "school-enrolment",
        "purpose": None,
        "source": "review-dispatch",
        "at": NOW + timedelta(seconds=number),
        "salt": f"{number:032x}",
    }
    return Access.model_validate({**fields, **changed})


def needs(database: Database) -> Deps:
    """Return what the handlers need, an hour after the first entry."""
    return Deps(
        people=store.people(database),
        guardianships=store.guardianships(database),
        accesses=store.AccessDocuments.of(database),
        chain=store.ChainDocuments.of(database),
        record_keys=RECORD_KEYS,
        disputes=store.DisputeDocuments.of(database),
        corrections=store.CorrectionDocuments.of(database),
        correctables=load(Settings().correctable, Correctables),
        holdings=store.KnownCredentialDocuments.of(database),
        exports=store.ExportDocuments.of(database),
        erasures=store.ErasureDocuments.of(database),
        exporting=("identity", "matcher"),
        erasing=("identity", "applications"),
        eraser=NothingHeld(),
        terms=retention.read(Settings().retention),
        settings=Settings(),
        digest=database.vault.digest,
        reviewers=Reviewers.read(Settings().reviewers),
        signed_requests=signed_requests({}, FakeClock(NOW)),
        clock=FakeClock(NOW + timedelta(hours=1)),
    )


async def add(committer: Committer, deps: Deps, *entries: Access) -> None:
    await committer.commit([change for it in entries if isinstance(change := deps.accesses.add(it), Write)])


async def seal(committer: Committer, deps: Deps) -> bool:
    outcomes = await blocks.seal(deps)
    for outcome in outcomes or ():
        await committer.commit([change for change in outcome.changes if isinstance(change, Write)])
    return outcomes is not None


async def checked(database: Database, heads: verify.Heads | None = None, at: datetime = LATER) -> RecordVerification:
    return await verify.check(database, heads or {}, RecordConsole("en", io.StringIO()), FakeClock(at))


async def block_of(database: Database, number: int) -> Block:
    found = await store.ChainDocuments.of(database).block(number)
    assert found is not None
    return found


async def put(database: Database, block: Block) -> None:
    stored: Document = block.model_dump()
    stored["_id"] = stored.pop("id")
    await database["blocks"].replace_one({"_id": block.id}, stored)
