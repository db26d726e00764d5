"""The same behaviour of the store over memory and over the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bus.event import Change, ConflictError, Outcome
from credential_store.domain.credential import (
    Credential,
    CredentialContent,
    CredentialPlace,
    Hold,
    IndexedHolder,
    Issue,
    Statement,
    StatusStep,
    Withdrawal,
)
from credential_store.domain.hand_over import RefusedLine
from credential_store.domain.signed import SignedVersion
from credential_store.domain.status_list import ENTRIES
from credential_store.store import (
    INDEXES,
    CredentialDocuments,
    HandOverDocuments,
    PlaceDocuments,
    SignedDocuments,
    credentials_in,
    signed_in,
)
from credential_store.store.signed import STATUS_LISTS
from store.commit import Committer
from store.repository import Database, Write
from testkit.fakes import FakeDocuments, apply
from testkit.fixtures import make_collections
from testkit.leaks import readable_in, told_in

Commit = Callable[[Change], Awaitable[None]]
NOW = datetime(2026, 11, 23, 2, 0, 0, 123_000, tzinfo=UTC)
INDEX = "9f" * 32


Shelf = tuple[CredentialDocuments, Commit]


@pytest.fixture
def memory() -> Shelf:
    async def commit(change: Change) -> None:
        apply(Outcome(changes=[change]))

    return CredentialDocuments(FakeDocuments(Credential)), commit


@pytest.fixture
async def real(database: Database) -> AsyncIterator[Shelf]:
    await make_collections(database, INDEXES)
    committer = Committer(database)
    await committer.prepare()
    committer.start()

    async def commit(change: Change) -> None:
        assert isinstance(change, Write)
        await committer.commit([change])

    yield credentials_in(database), commit
    await committer.stop()


@pytest.fixture(params=["memory", "real"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    chosen: Shelf = request.getfixturevalue(request.param)
    return chosen


SignedShelf = tuple[SignedDocuments, Commit]


@pytest.fixture
def signed_memory(memory: Shelf) -> SignedShelf:
    return SignedDocuments(FakeDocuments(SignedVersion)), memory[1]


@pytest.fixture
def signed_real(real: Shelf, database: Database) -> SignedShelf:
    return signed_in(database), real[1]


@pytest.fixture(params=["signed_memory", "signed_real"])
def signed_shelf(request: pytest.FixtureRequest) -> SignedShelf:
    chosen: SignedShelf = request.getfixturevalue(request.param)
    return chosen


def credential(id: str, **changes: Any) -> Credential:  # noqa: ANN401 - as the model takes them
    issue = Issue(
        number=1,
        identifier="1.2.156.3005.2.x",
        predecessor=None,
        content=CredentialContent(
            fields={"name": "李育成", "complete": True, "months_paid": 12, "parents": ["李四", "王五"]},
            origin="department",
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
        ),
        said=Statement(at=NOW, sequence=3),
        issued_at=NOW,
    )
    defaults: dict[str, Any] = {
        "document_type": "vaccination-record",
        "record": "",
        "holder": IndexedHolder(resident_id="res_1", index=INDEX),
        "issues": (issue,),
        "status": "01",
        "expires_on": date(2026, 12, 31),
    }
    return Credential(id=id, **(defaults | changes))


async def test_a_credential_comes_back_as_it_was_saved(shelf: Shelf) -> None:
    credentials, commit = shelf
    saved = credential("crd_1")
    await commit(credentials.save(saved))
    assert await credentials.get("crd_1") == saved.model_copy(update={"version": 1})
    assert await credentials.get("crd_2") is None


async def test_an_older_version_is_not_saved_over_a_newer_one(shelf: Shelf) -> None:
    credentials, commit = shelf
    await commit(credentials.save(credential("crd_1")))
    read = await credentials.get("crd_1")
    assert read is not None
    await commit(credentials.save(read))
    with pytest.raises(ConflictError):
        await commit(credentials.save(read))
    with pytest.raises(ConflictError):
        await commit(credentials.save(credential("crd_1")))


async def test_only_what_is_overdue_is_due_the_longest_first(shelf: Shelf) -> None:
    credentials, commit = shelf
    for number, day in enumerate([date(2026, 12, 31), date(2026, 11, 22), date(2025, 1, 1), None]):
        await commit(credentials.save(credential(f"crd_{number}", expires_on=day)))
    due = await credentials.due(date(2026, 12, 31), limit=10)
    assert [it.id for it in due] == ["crd_2", "crd_1"]
    assert [it.id for it in await credentials.due(date(2027, 1, 1), limit=1)] == ["crd_2"]


async def test_a_persons_credentials_come_in_pages_without_what_only_waits(shelf: Shelf) -> None:
    credentials, commit = shelf
    for number, kind in enumerate(("id-card", "vaccination-record", "vaccination-record")):
        await commit(credentials.save(credential(f"crd_{number}", document_type=kind)))
    await commit(credentials.save(credential("crd_3", holder=IndexedHolder(resident_id=None, index=INDEX))))
    await commit(credentials.save(credential("crd_4", issues=(), status=None)))
    await commit(credentials.save(credential("crd_5", holder=IndexedHolder(resident_id="res_1", index="aa" * 32))))
    index = await credentials.index_of("res_1")
    assert index == INDEX
    first = await credentials.of_holder(index, limit=3)
    rest = await credentials.of_holder(index, after=first[-1].id, limit=3)
    assert [it.id for it in [*first, *rest]] == ["crd_0", "crd_1", "crd_2", "crd_3"]
    assert len(await credentials.of_holder(INDEX)) == 4
    assert await credentials.index_of("res_9") is None


async def test_places_are_never_given_twice_whoever_asks(database: Database) -> None:
    clerks = [PlaceDocuments(database) for _ in range(3)]
    given = await asyncio.gather(*(clerk.next() for clerk in clerks for _ in range(300)))
    assert len({place.id for place in given}) == 900
    assert {place.list for place in given} == {1}
    assert await clerks[0].has(1)
    assert not await clerks[0].has(2)


async def test_a_full_list_is_followed_by_another(database: Database) -> None:
    clerk = PlaceDocuments(database)
    await clerk.next()
    await database[STATUS_LISTS].update_one({"_id": "1"}, {"$set": {"taken": ENTRIES}})
    assert (await PlaceDocuments(database).next()).list == 2


async def test_a_signed_form_is_marked_without_being_read(signed_shelf: SignedShelf) -> None:
    signed, commit = signed_shelf
    for index in (5, 6, 7):
        await commit(signed.save(signed_version(index)))
    await commit(signed.mark(CredentialPlace(list=1, index=6), ("revocation",)))
    await commit(signed.mark(CredentialPlace(list=1, index=7), ("suspension",)))
    assert list(await signed.marked(1, "revocation")) == [6]
    assert list(await signed.marked(1, "suspension")) == [7]
    assert list(await signed.marked(2, "revocation")) == []
    await commit(signed.mark(CredentialPlace(list=1, index=7), ()))
    assert list(await signed.marked(1, "suspension")) == []
    found = await signed.get("1/6")
    assert found is not None
    assert (found.text, found.marks) == ("signed", ("revocation",))


def signed_version(index: int) -> SignedVersion:
    return SignedVersion(id=f"1/{index}", list=1, index=index, credential_id="crd_1", number=1, text="signed")


async def test_the_store_shows_nothing_of_the_people_whom_credentials_are_about(
    real: Shelf, database: Database
) -> None:
    shelf, commit = real
    said = Statement(at=NOW, sequence=1)
    one = credential(
        "crd_1",
        record="粤龙华卫接20230000403",
        holds={"reviewer": Hold(on=True, reason="正在核查之中", said=said)},
        withdrawal=Withdrawal(sequence=1, reason="录入有误"),
        history=(StatusStep(at=NOW, what="stored", number=1, by="wang", reason="已与医院核实"),),
    )
    refused = RefusedLine(
        id="l1", hand_over="h", line=1, record_id="接种证七号", reason="r", path="/p", rule="不是日期"
    )
    await commit(shelf.save(one))
    await commit(HandOverDocuments(database).refuse(refused))

    secrets = told_in(one.model_dump()) | told_in(refused.model_dump())
    assert len(secrets) >= 8
    assert await readable_in(database, secrets) == []
    assert await shelf.get("crd_1") == one.model_copy(update={"version": 1})
