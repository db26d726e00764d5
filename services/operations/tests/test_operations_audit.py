"""The record of actions: whole, in order, for everybody at once, and found out when somebody changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import pytest

from bus.event import ConflictError, expect_all
from operations.domain.audit import Act, AuditEntry, AuditHead, AuditQuery, AuditVerification, follow, hash_of
from operations.handlers import audit
from operations.handlers.dependencies import Deps
from operations.store.audit import ENTRIES, INDEXES, AuditDocuments
from runtime.errors import NotFound
from services.operations.tests.letterbox import NOON, later
from store.commit import Committer
from store.repository import Database, Write
from testkit.fakes import FakeClock
from testkit.fixtures import make_collections


def record(count: int) -> tuple[list[AuditEntry], AuditHead]:
    """Return a record of so many entries."""
    head, entries = AuditHead(), []
    for number in range(count):
        act = Act(
            by=f"op-{number % 2}", action="failure-discarded", target=f"f{number}", reason="测试", details={"n": 1}
        )
        entry, head = follow(head, act, later(number))
        entries.append(entry)
    return entries, head


def checked(entries: list[AuditEntry], head: AuditHead) -> tuple[int | None, str | None]:
    verifying = AuditVerification()
    verifying.read(entries)
    found = verifying.end(head)
    return found.broken_at, found.problem


def test_a_record_that_nobody_touched_is_whole() -> None:
    assert checked(*record(5)) == (None, None)
    assert checked([], AuditHead()) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"by": "op-9"},
        {"at": NOON},
        {"action": "failure-restored"},
        {"target": "f9"},
        {"details": {"n": 2}},
    ],
)
def test_a_changed_entry_is_found(change: dict[str, object]) -> None:
    entries, head = record(5)
    entries[2] = entries[2].model_copy(update=change)
    assert checked(entries, head) == (3, "changed")


def test_a_changed_entry_with_a_new_hash_breaks_the_next() -> None:
    entries, head = record(5)
    forged = entries[2].model_copy(update={"by": "op-9"})
    entries[2] = forged.model_copy(update={"hash": hash_of(forged)})
    assert checked(entries, head) == (4, "changed")


def test_an_entry_taken_out_is_found() -> None:
    entries, head = record(5)
    assert checked(entries[:2] + entries[3:], head) == (3, "missing")


def test_an_end_cut_off_is_found() -> None:
    entries, head = record(5)
    assert checked(entries[:3], head) == (4, "cut-off")


@dataclass
class Office:
    """The record in a real store."""

    database: Database
    committer: Committer
    audit: AuditDocuments
    clock: FakeClock

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def acts(self, by: str, target: str, action: str = "failure-discarded") -> None:
        """Record an action, however often somebody else is faster."""
        while True:
            changes = await self.audit.entry(by=by, action=action, target=target, reason="INC-1", details={"count": 2})
            try:
                await self.committer.commit(expect_all(Write, changes))
            except ConflictError:
                continue
            return


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    await make_collections(database, INDEXES)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    clock = FakeClock(NOON)
    yield Office(database, committer, AuditDocuments(database, clock), clock)
    await committer.stop()


async def test_two_operators_at_once_both_get_their_entry(office: Office) -> None:
    await asyncio.gather(*(office.acts(f"op-{n % 2}", f"f{n}") for n in range(12)))
    found = await audit.verify(office.deps)
    assert (found.entries, found.is_whole) == (12, True)
    targets = [entry.target for entry in await office.audit.page(AuditQuery(), before=None, limit=20)]
    assert sorted(targets) == sorted(f"f{n}" for n in range(12))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda entries: entries.update_one({"number": 3}, {"$set": {"target": "nothing to see"}}),
        lambda entries: entries.delete_one({"number": 3}),
        lambda entries: entries.delete_many({"number": {"$gt": 2}}),
    ],
)
async def test_what_somebody_did_to_the_store_is_found(
    office: Office, tamper: Callable[..., Awaitable[object]]
) -> None:
    for number in range(5):
        await office.acts("op-1", f"f{number}")
    await tamper(office.database[ENTRIES])
    found = await audit.verify(office.deps)
    assert (found.is_whole, found.broken_at) == (False, 3)


async def test_the_record_is_read_in_pages_and_by_who_what_and_when(office: Office) -> None:
    for number in range(6):
        office.clock.now = later(number)
        await office.acts(f"op-{number % 2}", f"f{number % 3}", "group-noted" if number == 5 else "failure-discarded")

    async def numbers(asked: AuditQuery, before: int | None = None, limit: int = 20) -> list[int]:
        found = await audit.entries(asked, before, limit, office.deps)
        return [entry.number for entry in found[:limit]]

    assert await numbers(AuditQuery(), limit=2) == [6, 5]
    assert await numbers(AuditQuery(), before=5, limit=2) == [4, 3]
    assert await numbers(AuditQuery(by="op-1")) == [6, 4, 2]
    assert await numbers(AuditQuery(by="op-1"), before=4) == [2]
    assert await numbers(AuditQuery(target="f0")) == [4, 1]
    assert await numbers(AuditQuery(action="group-noted")) == [6]
    assert await numbers(AuditQuery(since=later(1), until=later(3))) == [3, 2]
    exported = [entry.number async for entry in audit.export(AuditQuery(by="op-0"), office.deps)]
    assert exported == [1, 3, 5]
    assert (await audit.find(4, office.deps)).target == "f0"
    with pytest.raises(NotFound):
        await audit.find(7, office.deps)
