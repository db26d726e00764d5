"""An application whose term has ended goes with everything that belongs to it, in the real store, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from applications.domain.agreement import Agreed, AgreedParty, Agreement, Terms
from applications.domain.application import Application, Scan, State
from applications.domain.hands import Hand
from applications.domain.scans import HandedIn, KeptScan, StoredFile
from applications.published import DataErased
from applications.store import documents
from applications.store.belongings import BELONGINGS
from applications.store.files import GridFiles
from messaging.commit import Committer
from messaging.documents import Write
from messaging.event import Change, Outcome
from runtime.config import ServiceSettings
from runtime.erasing import Eraser, ErasureRequested
from runtime.holders import Holder
from runtime.kernel import Database
from runtime.retention import Retention, indexed, read
from services.applications.tests.office import NOON, resident
from testkit.fakes import FakeClock

KINDS = read(ServiceSettings().retention).services["applications"]


class Archive:
    """The store with applications in it, each with a scan, an agreement and a hand."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self.database, self.committer = database, committer
        self.files = GridFiles(database)

    async def commit(self, outcome: Outcome[None]) -> None:
        await self.committer.commit([change for change in outcome.changes if isinstance(change, Write)])

    async def keep(self, *changes: Change) -> None:
        await self.commit(Outcome(changes=changes))

    async def file(self, id: str, state: State, *, at: datetime = NOON) -> Scan:
        """Keep an application that was made, and decided, at a time."""
        scan = Scan(
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
            applicant_id="newcomer",
            applicant=party,
            subject=party,
            created_at=at,
            scans=(scan,),
            decided_at=at if state in {"approved", "rejected"} else None,
        )
        applicant = AgreedParty(resident_id="newcomer", name="李育成")
        terms = Terms(application_id=id, reference=id, item="senior-card", statement={}, form={}, applicant=applicant)
        await self.files.put(StoredFile(scan_id=scan.id, application_id=id), b"png", "image/png")
        await self.keep(
            documents.ApplicationStore(self.database).save(application),
            documents.agreements(self.database).save(Agreement(id=id, current=Agreed(terms=terms, signatures=()))),
            documents.HandStore(self.database).save(Hand(id=f"task_{id}", application_id=id, kind="review")),
        )
        return scan

    async def turn(self, now: datetime) -> None:
        await Retention("applications", self.database, self.commit, KINDS, BELONGINGS, FakeClock(now)).turn()

    async def left(self) -> dict[str, set[str]]:
        names = ("applications", "agreements", "hands", "scans.files", "scans.chunks", "handed_in")
        return {
            name: {str(row.get("files_id", row["_id"])) async for row in self.database[name].find({})} for name in names
        }


def everything_of(ids: Sequence[str], handed_in: Sequence[str] = ()) -> dict[str, set[str]]:
    return {
        "applications": set(ids),
        "agreements": set(ids),
        "hands": {f"task_{id_}" for id_ in ids},
        "scans.files": {f"scan_{id_}" for id_ in ids},
        "scans.chunks": {f"scan_{id_}" for id_ in ids},
        "handed_in": set(handed_in),
    }


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    committer = Committer(database)
    await committer.prepare()
    for name, models in indexed(KINDS, documents.INDEXES).items():
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(list(models))
    committer.start()
    yield Archive(database, committer)
    await committer.stop()


async def test_each_goes_with_its_scans_at_the_end_of_its_term_and_not_a_second_before(archive: Archive) -> None:
    terms: dict[State, int | None] = {
        "draft": KINDS["drafts"].days,
        "withdrawn": KINDS["withdrawn-applications"].days,
        "rejected": KINDS["rejected-applications"].days,
        "approved": KINDS["approved-applications"].days,
    }
    left: list[State] = [*terms, "in-progress", "returned"]
    for state in left:
        await archive.file(f"app_{state}", state)

    for state, days in terms.items():
        assert days is not None
        end = NOON + timedelta(days=days)
        await archive.turn(end - timedelta(seconds=1))
        assert await archive.left() == everything_of([f"app_{each}" for each in left]), state
        await archive.turn(end)
        left.remove(state)
        assert await archive.left() == everything_of([f"app_{each}" for each in left]), state

    await archive.turn(NOON + timedelta(days=36_500))
    assert (await archive.left())["applications"] == {"app_in-progress", "app_returned"}


async def test_what_was_kept_to_be_used_again_goes_with_the_application_that_it_came_with(archive: Archive) -> None:
    old = await archive.file("app_old", "withdrawn")
    young = await archive.file("app_young", "withdrawn", at=NOON + timedelta(days=300))
    other = young.model_copy(update={"document_type": "household-register"})
    both = HandedIn(id="newcomer").adding(KeptScan(scan=old, holder_index="i"))
    await archive.keep(documents.handed_in(archive.database).save(both.adding(KeptScan(scan=other, holder_index="i"))))

    await archive.turn(NOON + timedelta(days=400))
    kept = await documents.handed_in(archive.database).get("newcomer")
    assert kept is not None
    assert [each.scan.id for each in kept.kept] == ["scan_app_young"]

    await archive.turn(NOON + timedelta(days=800))
    assert await archive.left() == everything_of([])


async def test_what_its_owner_wants_gone_goes_at_once_with_all_that_belongs_to_it_and_the_rest_is_told(
    archive: Archive,
) -> None:
    gone = [await archive.file(f"app_{state}", state) for state in ("draft", "withdrawn", "rejected")]
    for state in ("approved", "in-progress"):
        await archive.file(f"app_{state}", state)
    kept = tuple(KeptScan(scan=scan, holder_index="i") for scan in gone)
    await archive.keep(documents.handed_in(archive.database).save(HandedIn(id="newcomer", kept=kept)))
    eraser = Eraser.of(
        "applications", archive.database, ServiceSettings(), documents.held, BELONGINGS, cases="applications"
    )
    asked = ErasureRequested(erasure_id="era_1", holder=Holder(resident_id="newcomer", index="9f" * 32))

    outcome = await eraser.answer(DataErased, asked)
    await archive.commit(outcome)

    assert await archive.left() == everything_of(["app_approved", "app_in-progress"])
    [event] = outcome.events
    assert isinstance(event, DataErased)
    assert {each.kind: each.count for each in event.erased} == dict.fromkeys(
        ("drafts", "withdrawn-applications", "rejected-applications"), 1
    )
    stays = {each.kind: (each.count, each.until) for each in event.kept}
    until = NOON.date() + timedelta(days=1825)
    assert stays == {"approved-applications": (1, until), "open-applications": (1, None)}
    assert set(event.cases) == {"app_draft", "app_withdrawn", "app_rejected"}
    again = await eraser.answer(DataErased, asked)
    assert list(again.changes) == []
