"""What describes a person is never in the store in clear, and who has the keys reads it as if it were."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from typing import Never, Self

import pytest
from bson import encode
from prometheus_client import REGISTRY
from pydantic import BaseModel, ConfigDict
from pymongo import WriteConcern
from pymongo.errors import AutoReconnect

from bus.concurrency import is_outage
from shared.bus.tests.harness import order
from store import field_encryption as vaults
from store.commit import OUTBOX, Committer
from store.field_encryption import RANDOM, KeyMissingError, MasterKeys, Vault, VaultError, data_key_of
from store.repository import CODECS, Database, Repository, Write
from store.sealed_fields import put, take
from testkit.fixtures import drop
from testkit.vaults import vaulted


class Home(BaseModel):
    model_config = ConfigDict(frozen=True)
    community: str
    street: str


class Person(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    name: str
    home: Home
    past: tuple[Home, ...] = ()
    guardian: Home | None = None


SEALED = ("name", "home.street", "past.street", "guardian.street")
PERSON = Person(
    id="p",
    name="王小明",
    home=Home(community="440309001", street="民治大道七号"),
    past=(Home(community="440309002", street="大浪路一号"), Home(community="440309003", street="观澜街二号")),
)


def master_key() -> MasterKeys:
    name = f"local:{secrets.token_hex(4)}"
    return MasterKeys({name: {"key": secrets.token_bytes(96)}}, newest=name)


def both(newer: MasterKeys, older: MasterKeys) -> MasterKeys:
    return MasterKeys({**newer.providers, **older.providers}, newest=newer.newest)


class Process:
    """One process of a service, whose key file can be changed."""

    def __init__(self, database: Database, known: MasterKeys) -> None:
        self.known = known
        self.vault = Vault(database.client, database.name, master_keys=lambda: self.known, codecs=CODECS)
        self.database = Database(database.client, database.name, self.vault)


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    running = Committer(database)
    await running.prepare()
    running.start()
    yield running
    await running.stop()


@pytest.fixture
def people(database: Database) -> Repository[Person]:
    return Repository(database, "people", Person, sealed=SEALED)


async def raw(database: Database, collection: str = "people") -> bytes:
    return b"".join([encode(row) async for row in database[collection].find({})])


async def test_what_is_sealed_comes_back_and_is_nowhere_in_clear(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    await committer.commit([people.save(PERSON)])

    stored = PERSON.model_copy(update={"version": 1})
    assert await people.get("p") == stored
    assert await people.many(["p"]) == {"p": stored}
    assert await people.find({"home.community": "440309001"}) == [stored]
    kept = await raw(database)
    assert b"440309002" in kept
    assert not [text for text in ("王小明", "民治大道", "大浪路", "观澜街") if text.encode() in kept]


async def test_a_changed_document_is_sealed_anew(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    await committer.commit([people.save(PERSON)])
    first = await raw(database)
    read = await people.get("p")
    assert read is not None

    await committer.commit([people.save(read.model_copy(update={"guardian": Home(community="c", street="龙华")}))])

    again = await people.get("p")
    assert again is not None
    assert (again.version, again.guardian) == (2, Home(community="c", street="龙华"))
    assert "龙华".encode() not in await raw(database)
    assert await raw(database) != first


async def test_events_wait_in_the_outbox_sealed(committer: Committer, database: Database) -> None:
    await committer.commit([], [order(1, note="王小明")])

    assert "王小明".encode() not in await raw(database, OUTBOX)


@pytest.mark.parametrize("question", [{"name": "王小明"}, {"home": {}}, {"past.street": "x"}])
async def test_what_is_sealed_can_not_be_asked_for(people: Repository[Person], question: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is sealed"):
        await people.find(question)
    with pytest.raises(ValueError, match="is sealed"):
        await people.find({}, sort=[(next(iter(question)), 1)])


async def test_what_is_sealed_can_not_be_set_or_read_by_itself(people: Repository[Person]) -> None:
    with pytest.raises(ValueError, match="is sealed"):
        people.set_fields("p", name="王五")
    with pytest.raises(ValueError, match="is sealed"):
        await people.values({}, "name")


async def test_a_field_that_no_document_has_can_not_be_sealed(database: Database) -> None:
    with pytest.raises(ValueError, match="nmae"):
        Repository(database, "people", Person, sealed=("nmae",))


class Letter(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    sealed: str


async def test_a_field_of_that_name_is_left_alone_where_nothing_is_sealed(
    committer: Committer, database: Database
) -> None:
    letters = Repository(database, "letters", Letter)
    await committer.commit([letters.save(Letter(id="l", sealed="with wax"))])

    assert await letters.get("l") == Letter(id="l", version=1, sealed="with wax")
    with pytest.raises(ValueError, match="a field of its own"):
        Repository(database, "letters", Letter, sealed=("sealed",))


async def test_what_nobody_sealed_is_not_written_in_clear(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    forgotten = people.save(PERSON)

    with pytest.raises(TypeError, match="can't be stored: Clear"):
        await committer.commit([Write("people", forgotten.operation)])

    assert await raw(database) == b""


async def test_a_sealed_value_that_was_moved_to_another_document_is_refused(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    await committer.commit([people.save(PERSON), people.save(PERSON.model_copy(update={"id": "other"}))])
    one = await database["people"].find_one({"_id": "p"})
    assert one is not None
    await database["people"].update_one({"_id": "other"}, {"$set": {"sealed": one["sealed"]}})

    counted = partial(REGISTRY.get_sample_value, "yizheng_stored_values_tampered_total")
    before = counted() or 0
    with pytest.raises(vaults.TamperedError, match="was sealed for people/p"):
        await people.get("other")
    assert counted() == before + 1


async def test_a_damaged_value_is_no_outage(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    await committer.commit([people.save(PERSON)])
    one = await database["people"].find_one({"_id": "p"})
    assert one is not None
    damaged = type(one["sealed"])(one["sealed"][:-1] + bytes([one["sealed"][-1] ^ 1]), one["sealed"].subtype)
    await database["people"].update_one({"_id": "p"}, {"$set": {"sealed": damaged}})

    with pytest.raises(VaultError) as raised:
        await people.get("p")
    assert not is_outage(raised.value)


async def test_what_is_sealed_is_added_sealed_and_only_once(
    committer: Committer, database: Database, people: Repository[Person]
) -> None:
    await committer.commit([people.add_unless({"_id": "p"}, PERSON)])
    await committer.commit([people.add_unless({"_id": "p"}, PERSON.model_copy(update={"name": "another"}))])

    assert await people.get("p") == PERSON.model_copy(update={"version": 1})
    assert "王小明".encode() not in await raw(database)
    with pytest.raises(ValueError, match="is sealed"):
        people.add_unless({"name": "王小明"}, PERSON)


async def test_whoever_lacks_the_master_key_can_not_begin(database: Database) -> None:
    await Process(database, master_key()).vault.prepare()

    with pytest.raises(KeyMissingError) as raised:
        await Process(database, master_key()).vault.prepare()
    assert is_outage(raised.value)


async def test_processes_that_begin_together_have_one_data_key(database: Database) -> None:
    shared = master_key()
    several = [Process(database, shared) for _ in range(5)]

    await asyncio.gather(*(each.vault.prepare() for each in several))

    assert await database["keys"].count_documents({}) == 1
    sealed = await several[0].vault.encrypt({"name": "王"}, "x")
    assert [await each.vault.decrypt(sealed, "x") for each in several] == [{"name": "王"}] * 5


async def test_a_data_key_that_another_process_has_just_made_is_waited_for(database: Database) -> None:
    """The encryption library reads keys of which a majority knows; for a moment after it was made, none does."""
    settings = master_key()
    await Process(database, settings).vault.prepare()
    keys = database.get_collection("keys", codec_options=CODECS, write_concern=WriteConcern(w=1))
    made = await keys.find_one({})
    assert made is not None
    for _ in range(10):
        await keys.delete_many({})
        await database.get_collection("fence", write_concern=WriteConcern("majority")).insert_one({})
        await keys.insert_one(made)

        await Process(database, settings).vault.prepare()


async def test_a_master_key_that_comes_later_is_found(database: Database) -> None:
    old, new = master_key(), master_key()
    ahead, behind = Process(database, old), Process(database, old)
    await behind.vault.prepare()
    ahead.known = both(new, old)
    await ahead.vault.refresh()
    await ahead.vault.add(2)
    await ahead.vault.refresh()
    sealed = await ahead.vault.encrypt({"name": "王"}, "x")

    with pytest.raises(KeyMissingError):
        await behind.vault.decrypt(sealed, "x")
    behind.known = ahead.known

    assert await behind.vault.decrypt(sealed, "x") == {"name": "王"}


async def test_a_newer_data_key_is_used_within_seconds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = master_key()
    one, other = Process(database, shared), Process(database, shared)
    before = await one.vault.encrypt({}, "x")
    await other.vault.refresh()
    newer = await other.vault.add(2)

    monkeypatch.setattr(vaults, "FRESH", 0.0)

    assert data_key_of(await one.vault.encrypt({}, "x")) == bytes(newer) != data_key_of(before)
    assert await one.vault.decrypt(before, "x") == {}


async def test_keys_that_can_not_be_read_for_a_moment_change_nothing(database: Database) -> None:
    process = Process(database, master_key())
    await process.vault.prepare()

    def broken() -> MasterKeys:
        raise ValueError("half a file")

    process.vault._read_master_keys = broken  # noqa: SLF001 - the file while somebody writes it

    await process.vault.refresh()
    assert await process.vault.decrypt(await process.vault.encrypt({"a": 1}, "x"), "x") == {"a": 1}


async def test_an_unreachable_store_is_an_outage_and_not_a_missing_key(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = master_key()
    sealed = await Process(database, settings).vault.encrypt({}, "x")
    process = Process(database, settings)

    async def away(*_: object, **__: object) -> None:
        raise AutoReconnect("no keys can be fetched")

    monkeypatch.setattr(process.vault, "_known_keys", SimpleNamespace(find_one=away, find=lambda *_: Away()))

    with pytest.raises(AutoReconnect):
        await process.vault.decrypt(sealed, "x")
    with pytest.raises(AutoReconnect):
        await process.vault.encrypt({}, "x")


class Away:
    """A query to a store that is away."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Never:
        raise AutoReconnect("no keys can be fetched")


async def test_what_was_sealed_by_the_drivers_library_is_opened_and_the_other_way_round(database: Database) -> None:
    """Values of earlier releases are read on, and so are ours by these."""
    vault = Process(database, master_key()).vault
    key = await vault.newest()
    before = await vault.encryption.encrypt({"of": "x", "is": {"name": "王"}}, RANDOM, key_id=key)

    assert await vault.decrypt(before, "x") == {"name": "王"}
    assert await vault.encryption.decrypt(await vault.encrypt({"name": "李"}, "x")) == {"of": "x", "is": {"name": "李"}}


@pytest.mark.parametrize("value", [b"", b"\x02", b"\x02" + bytes(16), "text", None, 7, {}])
async def test_what_was_never_sealed_is_damaged_and_no_outage(database: Database, value: object) -> None:
    with pytest.raises(VaultError) as raised:
        await Process(database, master_key()).vault.decrypt(value, "x")
    assert is_outage(raised.value) == (isinstance(value, bytes) and len(value) == 17)  # it names a key that is not here


async def test_digests_are_the_same_in_every_process_and_in_no_other_database(
    database: Database, committer: Committer
) -> None:
    one, other = Process(database, master_key()), vaulted(database.client, f"{database.name}-2")
    await other.vault.prepare()
    two = vaulted(database.client, database.name)
    await two.vault.prepare()
    with pytest.raises(VaultError, match="not been opened"):
        one.vault.digest(b"a body")
    assert committer.digest_of(b"a body") == two.vault.digest(b"a body") != other.vault.digest(b"a body")
    assert committer.digest_of(b"a body") != sha256(b"a body").hexdigest()
    await drop(other)


def test_what_was_taken_out_can_be_put_back() -> None:
    whole = PERSON.model_dump()
    document = PERSON.model_dump()

    put(document, take(document, SEALED))

    assert document == whole
