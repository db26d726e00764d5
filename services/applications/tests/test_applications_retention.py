"""An application whose term has ended goes with everything that belongs to it, in the real store, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from applications.domain.application import State
from applications.domain.scans import HandedIn, KeptScan
from applications.store import documents
from applications.store.cascades import CASCADES
from services.applications.tests.archive import KINDS, Archive, opened
from services.applications.tests.office import NOON
from store.commit import GONE
from store.repository import Database
from store.retention import indexed


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
    async with opened(database) as archive:
        yield archive


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

    event = await archive.erase("newcomer")

    assert await archive.left() == everything_of(["app_approved", "app_in-progress"])
    assert {each.kind: each.count for each in event.erased} == dict.fromkeys(
        ("drafts", "withdrawn-applications", "rejected-applications"), 1
    )
    stays = {each.kind: (each.count, each.until) for each in event.kept}
    until = NOON.date() + timedelta(days=1825)
    assert stays == {"approved-applications": (1, until), "open-applications": (1, None)}
    assert set(event.cases) == {"app_draft", "app_withdrawn", "app_rejected"}
    again = await archive.erase("newcomer")
    assert (again.erased, again.cases) == ([], [])


async def test_what_never_became_a_scan_goes_a_day_later_or_with_its_application_or_when_it_is_asked_for(
    archive: Archive,
) -> None:
    await archive.file("app_open", "in-progress")
    await archive.file("app_draft", "draft")
    for number, (application, at) in enumerate(
        [("app_open", NOON), ("app_open", NOON + timedelta(hours=1)), ("app_draft", NOON + timedelta(days=179))]
    ):
        await archive.upload(f"upl_{number}", application, at=at)

    await archive.turn(NOON + timedelta(days=1))
    assert await archive.uploads_left() == ({"upl_1", "upl_2"}, {"piece_upl_1", "piece_upl_2"})
    await archive.turn(NOON + timedelta(days=179, hours=12))
    assert await archive.uploads_left() == ({"upl_2"}, {"piece_upl_2"})
    await archive.upload("upl_3", "app_open", at=NOON + timedelta(days=179))
    event = await archive.erase("newcomer")
    assert await archive.uploads_left() == (set(), set())
    assert {each.kind: each.count for each in event.erased} == {"drafts": 1, "uploads": 2}


async def test_of_what_is_gone_the_id_is_remembered_for_a_year_and_nothing_else(archive: Archive) -> None:
    await archive.file("app_ended", "withdrawn")
    await archive.turn(NOON + timedelta(days=365))
    await archive.file("app_erased", "withdrawn")
    await archive.erase("newcomer")

    remembered = await archive.database[GONE].find({}).sort("_id", 1).to_list()
    assert [set(each) for each in remembered] == [{"_id", "version", "at"}] * 2
    assert [each["_id"] for each in remembered] == ["app_ended", "app_erased"]
    [model] = indexed(KINDS, {}, CASCADES)[GONE]
    assert model.document["expireAfterSeconds"] == timedelta(days=365).total_seconds()
