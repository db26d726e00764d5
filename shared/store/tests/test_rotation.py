"""Keys are changed while the system writes; killed in the middle it goes on; nothing stays under an old key."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from bson.binary import Binary
from pydantic import BaseModel, ConfigDict

from bus.event import ConflictError
from local_stack.keys import new_store_key
from store import field_encryption as vaults
from store import master_keys
from store.commit import OUTBOX, Committer
from store.field_encryption import KeyMissingError, Vault, data_key_of
from store.repository import CODECS, Database, Repository
from store.rotation import RotationProgress, rotate
from store.sealed_files import SealedFiles
from testkit.fixtures import StackAddresses
from testkit.other_committer import committing
from testkit.patience import PATIENCE
from web.rotate_keys import main

PEOPLE = 60
WORKER = Path(__file__).with_name("rotation_worker.py")


class Person(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    name: str


class Town:
    """A service's database and its key file."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.keys = keys
        self.vault = Vault(
            database.client,
            database.name,
            master_keys=lambda: master_keys.read(keys, None),
            codecs=CODECS,
        )
        self.database = Database(database.client, database.name, self.vault)
        self.people = Repository(self.database, "people", Person, sealed=("name",))

    def successor(self) -> Town:
        """A process that starts now, with what the key file says now."""
        return Town(self.database, self.keys)

    def new_master_key(self) -> None:
        write(self.keys, new_store_key() + (self.keys / master_keys.FILE).read_bytes())

    def forget_old_master_keys(self) -> None:
        write(self.keys, (self.keys / master_keys.FILE).read_bytes().splitlines()[0])

    async def data_keys_in_use(self) -> set[bytes]:
        """Find under which data keys anything is sealed."""
        used = set()
        for name in await self.database.list_collection_names():
            async for row in self.database[name].find({}):
                values = (row.get("sealed"), row.get("metadata", {}).get("sealed"))
                used |= {data_key_of(value) for value in values if isinstance(value, Binary) and value.subtype == 6}
        return used


def write(keys: Path, content: bytes) -> None:
    fresh = keys / "fresh"
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    fresh.rename(keys / master_keys.FILE)


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> Town:
    write(tmp_path, new_store_key())
    town = Town(database, tmp_path)
    async with committing(town.database) as committer:
        await committer.commit([town.people.save(Person(id=f"p{n:03}", name=f"王{n}")) for n in range(PEOPLE)])
    return town


def unseen(_: RotationProgress) -> None:
    """Show nothing."""


async def test_everything_is_under_new_keys_while_others_write(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "FRESH", 0.05)
    service, ended = town.successor(), asyncio.Event()
    written: dict[str, int] = {}

    async def keep_writing(committer: Committer) -> None:
        while not ended.is_set():
            for number in range(0, PEOPLE, 3):
                person = await service.people.get(f"p{number:03}")
                assert person is not None
                try:
                    await committer.commit([service.people.save(person)])
                except ConflictError:
                    pytest.fail("the rotation changed a version")
                written[person.id] = person.version + 1

    async with committing(service.database) as committer:
        writing = asyncio.create_task(keep_writing(committer))
        town.new_master_key()
        done = await rotate(town.database, town.vault, unseen, quiet=1.0)
        ended.set()
        await writing

    town.forget_old_master_keys()
    (key,) = await town.database["keys"].find({}).to_list()
    assert (done.wrapped, len(done.idle)) == (1, 1)
    assert done.sealed >= PEOPLE * 2 // 3
    assert await town.data_keys_in_use() == {bytes(key["_id"])}
    after = town.successor()
    people = await after.people.many([f"p{n:03}" for n in range(PEOPLE)])
    assert {person.name for person in people.values()} == {f"王{n}" for n in range(PEOPLE)}
    assert {id_: people[id_].version for id_ in written} == written
    assert {person.version for id_, person in people.items() if id_ not in written} == {1}


async def test_a_rotation_that_was_killed_goes_on(town: Town, infrastructure: StackAddresses) -> None:
    town.new_master_key()
    killed = await begun(town, infrastructure)
    assert killed.stdout is not None
    while int((await asyncio.wait_for(killed.stdout.readline(), PATIENCE)).strip()) < PEOPLE // 3:
        pass
    killed.kill()
    await killed.wait()
    assert len(await town.data_keys_in_use()) == 2

    goes_on = await begun(town, infrastructure)
    said, _ = await asyncio.wait_for(goes_on.communicate(), PATIENCE)

    lines = said.split()
    assert lines[-1] == b"done"
    assert int(lines[-2]) < PEOPLE
    town.forget_old_master_keys()
    (key,) = await town.database["keys"].find({}).to_list()
    assert (key["keyAltNames"], await town.data_keys_in_use()) == (["2"], {bytes(key["_id"])})
    assert len(await town.successor().people.many([f"p{n:03}" for n in range(PEOPLE)])) == PEOPLE


async def begun(town: Town, infrastructure: StackAddresses) -> Process:
    arguments = (str(WORKER), infrastructure.mongodb, town.database.name, str(town.keys))
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)


async def test_files_get_a_new_wrapping_and_keep_their_content(town: Town) -> None:
    files = SealedFiles(town.database, "scans")
    async with files.writing("f1", {"application_id": "a"}) as write_to:
        await write_to("扫描件".encode())
    chunks = await town.database["scans.chunks"].find({}).to_list()

    await rotate(town.database, town.vault, unseen, quiet=0.0)

    assert await town.database["scans.chunks"].find({}).to_list() == chunks
    assert await SealedFiles(town.successor().database, "scans").part("f1", 0, 100) == "扫描件".encode()
    (key,) = await town.database["keys"].find({}).to_list()
    assert await town.data_keys_in_use() == {bytes(key["_id"])}


async def test_without_the_old_master_key_nothing_is_changed(town: Town) -> None:
    before = await town.database["people"].find({}).to_list()
    write(town.keys, new_store_key())

    with pytest.raises(Exception, match="is not configured"):
        await rotate(town.database, town.successor().vault, unseen, quiet=0.0)

    assert await town.database["people"].find({}).to_list() == before


async def test_whoever_starts_without_the_new_master_key_is_told(town: Town) -> None:
    old = (town.keys / master_keys.FILE).read_bytes()
    town.new_master_key()
    await rotate(town.database, town.vault, unseen, quiet=0.0)
    write(town.keys, old)

    with pytest.raises(KeyMissingError):
        await town.successor().vault.prepare()


async def test_values_that_wait_in_the_outbox_are_sealed_anew_too(town: Town) -> None:
    sealed = await town.vault.encrypt({"events": []}, f"{OUTBOX}/e1")
    await town.database[OUTBOX].insert_one({"_id": "e1", "sealed": sealed})

    await rotate(town.database, town.vault, unseen, quiet=0.0)

    row = await town.database[OUTBOX].find_one({"_id": "e1"})
    assert row is not None
    assert row["sealed"] != sealed
    assert await town.vault.decrypt(row["sealed"], f"{OUTBOX}/e1") == {"events": []}


@pytest.mark.usefixtures("logs_of_others")
@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "can't be read"), (b"c2hvcnQ=\n", "store.key:1: a key has 96 bytes, this one has 5")],
)
def test_the_command_names_the_file_of_a_key_that_it_cannot_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    told: str,
) -> None:
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    if content is not None:
        write(tmp_path, content)
    assert main(["identity"]) == 78
    assert told in capsys.readouterr().err


def test_the_command_wants_one_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 64
    assert "which service" in capsys.readouterr().err
