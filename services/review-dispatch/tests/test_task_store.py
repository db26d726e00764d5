"""The task store behaves alike on the fake and on the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from bus.event import Change, ConflictError, Outcome
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import claims, new_tasks
from review_dispatch.domain.case import Case
from review_dispatch.domain.news import Scope
from review_dispatch.domain.queue import QueueQuery, Waiting
from review_dispatch.domain.record import DocumentHolder
from review_dispatch.domain.task import (
    AskedCorrection,
    Claim,
    Comparison,
    DocumentReview,
    DoorCheck,
    OfficerDecision,
    Task,
    TaskApproval,
    TaskStep,
)
from review_dispatch.domain.visit import OfferedSlot, Photograph, Visit
from review_dispatch.store import (
    CASCADES,
    INDEXES,
    TaskStore,
    WaitingCount,
    cases_in,
    photographs_in,
)
from runtime.clock import utc_now
from scans.files import StoredFile
from store.commit import Committer
from store.repository import Database, Repository, Write
from task_desk import FakeTasks
from testkit.fakes import FakeDocuments, apply
from testkit.fixtures import make_collections
from testkit.leaks import readable_in, told_in

DISTRICT = load_district(Settings().data)
NOW = datetime(2026, 11, 23, 2, 0, 0, 123000, tzinfo=UTC)
TODAY = date(2026, 11, 23)


@dataclass
class Shelf:
    """Tasks and cases somewhere, and the way to commit changes to them."""

    tasks: TaskStore
    cases: Repository[Case]
    commit: Callable[[list[Change]], Awaitable[None]]

    async def keep(self, *tasks: Task) -> None:
        """Store tasks."""
        await self.commit([self.tasks.save(task) for task in tasks])


def _in_memory() -> Shelf:
    async def commit(changes: list[Change]) -> None:
        apply(Outcome(changes=changes))

    return Shelf(FakeTasks(utc_now), FakeDocuments(Case), commit)


async def _really(database: Database) -> tuple[Shelf, Committer]:
    await make_collections(database, INDEXES)
    committer = Committer(database)
    await committer.prepare()
    committer.start()

    async def commit(changes: list[Change]) -> None:
        await committer.commit([change for change in changes if isinstance(change, Write)])

    return Shelf(TaskStore(database), cases_in(database), commit), committer


@pytest.fixture
def fake_shelf() -> Shelf:
    return _in_memory()


@pytest.fixture
async def real_shelf(database: Database) -> AsyncIterator[Shelf]:
    real, committer = await _really(database)
    yield real
    await committer.stop()


@pytest.fixture(params=["fake_shelf", "real_shelf"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    chosen = request.getfixturevalue(request.param)
    assert isinstance(chosen, Shelf)
    return chosen


def review(number: int = 1, document_type: str = "birth-certificate", *, days_ago: int = 0) -> Task:
    about = DocumentReview(
        requirement="proof",
        attempt=1,
        document_type=document_type,
        document_types=(document_type, "household-register"),
        holder=DocumentHolder(resident_id=f"res_{number % 2}", index="9f" * 32),
        comparison=(Comparison(field="parents", result="close", claimed=["李育成", "陈静"], held=None),),
        claims={"parents": ["李育成", "陈静"], "complete": True, "months_paid": 12},
        scans=(),
    )
    asked = NOW - timedelta(days=days_ago)
    return new_tasks.review(f"app_{number}", "school-enrolment", about, "440309002001", district=DISTRICT, at=asked)


def door() -> Task:
    about = DoorCheck(applicant_name="李育成", address="3栋502", community="440309002001")
    return new_tasks.door_check("app_9", "residence-permit", about, date(2026, 11, 20), district=DISTRICT, at=NOW)


def correction() -> Task:
    about = AskedCorrection(
        correction_id="cor_1",
        holder=DocumentHolder(resident_id="res_child", index="9f" * 32),
        document_type="birth-certificate",
        credential_id=None,
        identifier=None,
        origin=None,
        field="child_name",
        says="李思远",
        should_say="李思源",
        reason="录入时写错了字",
    )
    return new_tasks.correction(about, district=DISTRICT, at=NOW)


async def test_what_was_stored_comes_back_as_it_was(shelf: Shelf) -> None:
    task = claims.claim(review(), "wang", NOW)
    await shelf.keep(task)
    assert _unmoved(await shelf.tasks.get(task.id)) == task.model_copy(update={"version": 1})
    assert await shelf.tasks.get("task_x") is None


async def test_of_two_who_change_the_same_version_one_is_refused(shelf: Shelf) -> None:
    await shelf.keep(review())
    read = await shelf.tasks.get(review().id)
    assert read is not None
    await shelf.keep(claims.claim(read, "wang", NOW))
    with pytest.raises(ConflictError):
        await shelf.keep(claims.claim(read, "zhao", NOW))
    with pytest.raises(ConflictError):
        await shelf.keep(review())
    kept = await shelf.tasks.get(read.id)
    assert kept is not None
    assert kept.claim is not None
    assert kept.claim.by == "wang"


async def test_a_queue_is_in_the_order_of_deadlines_and_continues_behind_a_place(shelf: Shelf) -> None:
    tasks = [review(1), review(2, days_ago=7), review(3, days_ago=3)]
    await shelf.keep(*tasks)
    wanted = QueueQuery(departments=frozenset({"health", "land"}))
    whole = await shelf.tasks.queue(wanted, after=None, limit=10)
    assert [task.application_id for task in whole] == ["app_2", "app_3", "app_1"]
    rest = await shelf.tasks.queue(wanted, after=whole[0].place, limit=1)
    assert [task.application_id for task in rest] == ["app_3"]


async def test_every_filter_narrows_the_queue(shelf: Shelf) -> None:
    taken = claims.claim(review(1, "property-certificate"), "wang", NOW)
    await shelf.keep(taken, review(2, days_ago=30), door())

    async def found(wanted: QueueQuery) -> list[str]:
        return sorted(task.application_id for task in await shelf.tasks.queue(wanted, after=None, limit=10))

    assert await found(QueueQuery()) == ["app_1", "app_2", "app_9"]
    assert await found(QueueQuery(departments=frozenset())) == []
    assert await found(QueueQuery(departments=frozenset({"health"}))) == ["app_2"]
    assert await found(QueueQuery(communities=frozenset({"440309002001"}), kind="field-check")) == ["app_9"]
    assert await found(QueueQuery(statuses=frozenset({"claimed", "approved"}))) == ["app_1"]
    assert await found(QueueQuery(document_type="birth-certificate")) == ["app_2"]
    assert await found(QueueQuery(application_id="app_9")) == ["app_9"]
    assert await found(QueueQuery(due_before=TODAY)) == ["app_2", "app_9"]
    assert await found(QueueQuery(claimed_by="wang")) == ["app_1"]


async def test_what_is_overdue_and_can_go_up_is_found_the_longest_overdue_first(shelf: Shelf) -> None:
    at_the_top = review(4, days_ago=40).model_copy(update={"escalation": ()})
    await shelf.keep(review(1), review(2, days_ago=10), review(3, days_ago=20), at_the_top)
    found = await shelf.tasks.to_escalate(TODAY, 10)
    assert [task.application_id for task in found] == ["app_3", "app_2"]


async def test_tasks_about_a_residents_documents_are_found(shelf: Shelf) -> None:
    await shelf.keep(review(1), review(2), review(3), door())
    found = await shelf.tasks.about("res_1", after=None, limit=10)
    assert sorted(task.application_id for task in found) == ["app_1", "app_3"]


async def test_a_case_comes_back_as_it_was(shelf: Shelf) -> None:
    case = Case(id="app_1").with_task(review()).closed("withdrawn", NOW)
    await shelf.commit([shelf.cases.save(case)])
    assert await shelf.cases.get("app_1") == case.model_copy(update={"version": 1})


async def test_what_waits_is_counted_by_kind_and_department(real_shelf: Shelf, database: Database) -> None:
    done = review(5).model_copy(update={"status": "approved"})
    await real_shelf.keep(review(1), review(2, days_ago=30), review(3, "property-certificate"), door(), done)
    counted = await WaitingCount(database).on(TODAY)
    assert sorted(counted, key=lambda each: each.department) == [
        Waiting(kind="field-check", department="community", waiting=1, overdue=1),
        Waiting(kind="review", department="health", waiting=2, overdue=1),
        Waiting(kind="review", department="land", waiting=1, overdue=0),
    ]


async def test_ones_queues_are_counted_with_who_has_what(real_shelf: Shelf, database: Database) -> None:
    taken = review(2, days_ago=30).model_copy(update={"status": "claimed", "claim": Claim(by="wang", at=NOW)})
    done = review(5).model_copy(update={"status": "approved"})
    await real_shelf.keep(review(1), taken, review(3, "property-certificate"), door(), done)
    count = WaitingCount(database)
    counted = await count.of(QueueQuery(departments=frozenset({"health", "community"})), TODAY)
    rows = [(each.kind, each.place, each.claimed_by, each.waiting, each.overdue) for each in counted]
    assert sorted(rows, key=str) == [
        ("field-check", "440309002001", None, 1, 1),
        ("review", "health", "wang", 1, 1),
        ("review", "health", None, 1, 0),
    ]
    assert [each.next_due_on for each in counted if each.claimed_by] == [taken.due_on]
    [own] = await count.of(QueueQuery(communities=frozenset({"440309002001"}), kind="field-check"), TODAY)
    assert (own.place, own.document_type, own.waiting) == ("440309002001", None, 1)
    late = await count.of(QueueQuery(due_before=TODAY), TODAY)
    assert sorted(each.place for each in late) == ["440309002001", "health"]


async def test_what_a_person_has_or_had_until_a_colleague_took_it_is_found(shelf: Shelf) -> None:
    held = claims.claim(review(1), "wang", NOW)
    taken = claims.take_over(claims.claim(review(2), "zhao", NOW), "wang", NOW, "同事请病假")
    await shelf.keep(held, taken, review(3))
    assert {each.id for each in await shelf.tasks.in_hand_of("wang", 10)} == {held.id, taken.id}
    [found] = await shelf.tasks.queue(QueueQuery(taken_from="zhao"), after=None, limit=10)
    assert found.steps[-1].note == "同事请病假"


async def test_the_doors_of_a_resident_that_wait_are_found(shelf: Shelf) -> None:
    concerned = DocumentHolder(resident_id="res_man", index="7c" * 32)
    mine = door().model_copy(update={"about": door().about.model_copy(update={"concerns": (concerned,)})})
    await shelf.keep(mine, claims.claim(review(1), "wang", NOW))
    assert [each.id for each in await shelf.tasks.doors_of("res_man")] == [mine.id]
    assert await shelf.tasks.doors_of("res_child") == []


async def test_what_moved_in_a_queue_is_found_by_department_and_by_community(shelf: Shelf) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    await shelf.keep(review(1), door())
    health, doors = Scope.of({"health"}, ()), Scope.of((), {"440309002001"})
    assert await shelf.tasks.moved(health, before) == [(review(1).id, 1)]
    assert await shelf.tasks.moved(doors, before) == [(door().id, 1)]
    assert await shelf.tasks.moved(Scope.of({"edu"}, ()), before) == []
    assert await shelf.tasks.moved(health, datetime.now(UTC) + timedelta(seconds=1)) == []
    states = await shelf.tasks.states([health.key, doors.key, "department:edu", "department:"])
    assert states == {
        health.key: [(review(1).id, 1)],
        doors.key: [(door().id, 1)],
        "department:edu": [],
        "department:": [],
    }
    assert set(await shelf.tasks.many([door().id, "task_x"])) == {door().id}


async def test_photographs_go_with_their_task(real_shelf: Shelf, database: Database) -> None:
    kept = photographs_in(database)
    taken = Photograph(id="photo_1", media_type="image/jpeg", size=3, sha256="ab", by="grid", uploaded_at=NOW)
    await real_shelf.keep(door().model_copy(update={"photographs": (taken,)}))
    for file in ("photo_1", "photo_2"):
        await kept.put(StoredFile(file, door().id), b"jpg", "image/jpeg")
    found = [each async for each in database["tasks"].find({})]
    assert await CASCADES["tasks"](database, found) == ()
    assert (await kept.read("photo_1"), await kept.read("photo_2") is None) == (None, False)


async def test_the_store_shows_nothing_of_the_people_whom_tasks_are_about(
    real_shelf: Shelf, database: Database
) -> None:
    approval = TaskApproval(by="wang", at=NOW, fields={"address": "民治大道七号"}, valid_until=None, note="已电话核实")
    step = TaskStep(at=NOW, action="returned", by="wang", department="health", note="照片看不清楚")
    slot = OfferedSlot(begins=NOW, ends=NOW + timedelta(hours=2))
    visit = Visit(state="agreed", offered=(slot,), slot=slot)
    taken = Photograph(id="photo_1", media_type="image/jpeg", size=3, sha256="5e" * 32, by="grid", uploaded_at=NOW)
    held = {"approvals": (approval,), "steps": (step,), "visit": visit, "photographs": (taken,)}
    seen = review().model_copy(update=held)
    concerned = DocumentHolder(resident_id="res_1", index="4d" * 32)
    decision = OfficerDecision(subject_name="陈小雨", proven=(), concerns=(concerned,))
    await real_shelf.keep(seen, door(), correction(), review(3).model_copy(update={"about": decision}))

    secrets = {*told_in([each.model_dump() for each in (seen, door(), correction(), decision)]), "3栋502"}
    secrets |= {"李思远", "李思源", "录入时写错了字", "5e" * 32}
    assert len(secrets) >= 6
    assert await readable_in(database, secrets) == []
    assert _unmoved(await real_shelf.tasks.get(seen.id)) == seen.model_copy(update={"version": 1})
    assert _unmoved(await real_shelf.tasks.get(correction().id)) == correction().model_copy(update={"version": 1})


def _unmoved(task: Task | None) -> Task | None:
    """Leave out when it was stored."""
    return None if task is None else task.model_copy(update={"moved_at": None})
