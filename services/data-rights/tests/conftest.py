"""What the handlers need, all of it in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest

import record_archive
from data_rights import store, views
from data_rights.config import Settings
from data_rights.domain.access import Access, Ended
from data_rights.domain.chain import Block, Head
from data_rights.domain.correctable import Correctables
from data_rights.domain.correction import Correction
from data_rights.domain.dispute import Dispute
from data_rights.domain.erasure import Erasure
from data_rights.domain.export import Export, ExportPart
from data_rights.domain.known_credentials import KnownCredential
from data_rights.domain.people import Guardianship, KnownPerson
from data_rights.handlers import blocks, people
from data_rights.handlers.dependencies import Deps
from runtime.data_files import load
from store import retention
from store.commit import Committer
from store.repository import Database, Write
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received
from testkit.fixtures import make_collections
from testkit.people import signed_requests
from web.reviewers import Reviewers

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


DepsWith = Callable[[Mapping[str, str]], Awaitable[Deps]]


@pytest.fixture
def deps_with() -> DepsWith:
    """Build them with some residents known, each with their blind index."""
    return _deps_with


async def _deps_with(residents: Mapping[str, str]) -> Deps:
    deps = Deps(
        people=FakeDocuments(KnownPerson),
        guardianships=FakeDocuments(Guardianship),
        accesses=store.AccessDocuments(FakeDocuments(Access), FakeDocuments(Ended)),
        chain=store.ChainDocuments(FakeDocuments(Block), FakeDocuments(Head)),
        record_keys=record_archive.RECORD_KEYS,
        disputes=store.DisputeDocuments(FakeDocuments(Dispute)),
        corrections=store.CorrectionDocuments(FakeDocuments(Correction)),
        correctables=load(Settings().correctable, Correctables),
        holdings=store.KnownCredentialDocuments(FakeDocuments(KnownCredential)),
        exports=store.ExportDocuments(FakeDocuments(Export), FakeDocuments(ExportPart)),
        erasures=store.ErasureDocuments(FakeDocuments(Erasure)),
        exporting=("identity", "matcher"),
        erasing=("identity", "applications"),
        eraser=NothingHeld(),
        terms=retention.read(Settings().retention),
        settings=Settings(),
        digest=lambda content: sha256(b"key" + content).hexdigest(),
        reviewers=Reviewers.read(Settings().reviewers),
        signed_requests=signed_requests({}, FakeClock(NOW)),
        clock=FakeClock(NOW),
    )
    for resident_id, index in residents.items():
        registered = views.PersonRegistered(resident_id=resident_id, holder_index=index, birth_date=date(1990, 1, 1))
        apply(await people.learn_person(received(registered), deps))
    return deps


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    await make_collections(database, store.INDEXES)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield committer
    await committer.stop()


@pytest.fixture
def archive(database: Database, monkeypatch: pytest.MonkeyPatch) -> Deps:
    """Return what the handlers need, over the real store, with blocks of three entries at most."""
    monkeypatch.setattr(blocks, "LARGEST_BLOCK", 3)
    return record_archive.needs(database)


@pytest.fixture
async def sealed(committer: Committer, archive: Deps) -> Deps:
    """A record of eight entries in three blocks, the second of which is published."""
    entries = (record_archive.entry(number) for number in range(record_archive.ENTRIES))
    await record_archive.add(committer, archive, *entries)
    for block in (1, 2, 3):
        assert await record_archive.seal(committer, archive)
        if block == 2:
            [outcome] = await blocks.publish_head(archive)
            await committer.commit([it for it in outcome.changes if isinstance(it, Write)])
    assert not await record_archive.seal(committer, archive)
    return archive
