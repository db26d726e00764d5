"""Loading the city mirror in bulk, into the real store."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import orjson
import pytest

from matcher.commands import load_mirror, workplace
from matcher.commands.console import MatcherConsole
from matcher.commands.line import run
from matcher.commands.load_mirror import Loader
from matcher.commands.mirror_lines import LONGEST, Bad, parse, read
from matcher.commands.workplace import Workplace
from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.store import EvidenceStore
from matcher.views import CityRecord
from services.matcher.tests.fakes import BLIND, RULES
from store.commit import OUTBOX
from testkit import signers
from testkit.patience import PATIENCE
from testkit.persons import NUMBER
from testkit.vaults import whole


def line(n: int, sequence: object = 1, **changes: object) -> bytes:
    record: dict[str, object] = {
        "record_id": f"sz-{n}",
        "document_type": "bank-account",
        "holder_index": f"{n % 500:064x}",
        "fields": {"name": "李育成", "account_number": str(n)},
        "valid_from": "2020-01-01",
        "valid_until": None,
        "sequence": sequence,
    }
    return orjson.dumps(record | changes)


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "city.jsonl"


async def until(look: Callable[[], Awaitable[object]]) -> None:
    """Look until there is something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await look():
                return
            await asyncio.sleep(0.02)


async def loaded(file: Path, work: Workplace, said: io.StringIO, *, from_start: bool = False) -> str:
    """Load the file and return what the operator was told."""
    said.truncate(0)
    await Loader(file, work, MatcherConsole("en", said)).load(from_start=from_start)
    return said.getvalue()


def write(file: Path, lines: Iterable[bytes]) -> None:
    file.write_bytes(b"\n".join(lines))


def half_written(file: Path) -> None:
    """Leave behind what a load that was killed may have written of a bad line."""
    with file.with_name(f"{file.name}.rejected.jsonl").open("ab") as rejected:
        rejected.write(b'{"half a li')


def rejected(file: Path) -> list[dict[str, object]]:
    path = file.with_name(f"{file.name}.rejected.jsonl")
    return [orjson.loads(each) for each in path.read_bytes().splitlines()]


async def test_records_become_evidence(file: Path, work: Workplace, said: io.StringIO) -> None:
    write(file, [b"\xef\xbb\xbf" + line(0), line(500), b"", line(1)])
    told = await loaded(file, work, said)
    assert "loaded: 4 lines, 3 records with news, 0 bad lines" in told
    known = await work.evidence.many([f"{0:064x}", f"{1:064x}"])
    assert [record.record_id for record in known[f"{0:064x}"].records] == ["sz-0", "sz-500"]
    assert known[f"{1:064x}"].records[0].source == "city-mirror"
    assert not list(file.parent.glob("*.rejected.jsonl"))


async def test_bad_lines_are_reported_and_set_aside_and_the_rest_is_loaded(
    file: Path, work: Workplace, said: io.StringIO
) -> None:
    write(
        file,
        [
            line(0),
            b"{not json",
            line(1, sequence="first"),
            line(2, document_type="fishing-licence"),
            orjson.dumps({"record_id": "sz-3"}),
            b"\xff\xfe",
            b"[" + b"1," * LONGEST + b"1]",
            line(4),
            line(5, fields={"name": 7}),
        ],
    )
    told = await loaded(file, work, said)
    assert "9 lines, 2 records with news, 7 bad lines" in told
    reasons = {each["line"]: str(each["reason"]) for each in rejected(file)}
    assert list(reasons) == [2, 3, 4, 5, 6, 7, 9]
    assert reasons[2] == "not JSON from character 2 on"
    assert reasons[3] == "sequence: a whole number without quotation marks"
    assert reasons[4] == "document_type: there are no comparison rules for fishing-licence"
    assert reasons[5].startswith("document_type: ")
    assert reasons[7] == f"longer than {LONGEST} bytes"
    assert reasons[9] == "fields.name: a text that is not empty, at most 500 characters"
    for number, reason in reasons.items():
        assert f"line {number}: {reason}" in told
    assert len(str(rejected(file)[5]["written"])) < 300
    assert set(await work.evidence.many([f"{n:064x}" for n in range(5)])) == {f"{0:064x}", f"{4:064x}"}


async def test_a_load_moves_only_forward(file: Path, work: Workplace, said: io.StringIO) -> None:
    write(file, [line(0, 5)])
    await loaded(file, work, said)
    write(file, [line(0, 4, fields={"name": "old"})])
    assert "0 records with news" in await loaded(file, work, said)
    [record] = (await work.evidence.many([f"{0:064x}"]))[f"{0:064x}"].records
    assert record.content is not None
    assert record.content.fields["account_number"] == "0"


async def test_a_file_that_was_loaded_is_not_loaded_again_unless_asked(
    file: Path, work: Workplace, said: io.StringIO
) -> None:
    write(file, [line(0), b"{"])
    await loaded(file, work, said)
    assert "was loaded at" in await loaded(file, work, said)
    assert "2 lines, 0 records with news, 1 bad lines" in await loaded(file, work, said, from_start=True)
    assert len(rejected(file)) == 1


async def test_registered_residents_are_told_of_through_the_outbox_and_others_are_not(
    file: Path, work: Workplace, said: io.StringIO
) -> None:
    await work.evidence.save_many([Evidence(id=f"{1:064x}", resident_id="res_1", name="李育成")])
    write(
        file,
        [
            line(0),
            line(1),
            line(501, document_type="portrait-photo", fields={"present": True, "taken_on": "2026-01-05"}),
        ],
    )
    await loaded(file, work, said)
    entries = await whole(work.database, OUTBOX)
    bodies = [signers.in_clear(event["body"]) for entry in entries for event in entry["events"]]
    assert [(body["type"], body["correlationid"]) for body in bodies] == [("matcher.holdings-changed.v1", "res_1")]
    assert {one["document_type"] for one in bodies[0]["data"]["holdings"]} == {"bank-account", "portrait-photo"}
    stored = (await work.evidence.many([f"{1:064x}"]))[f"{1:064x}"]
    assert (stored.holdings_sequence, len(stored.holdings)) == (1, 2)


class Hurried(EvidenceStore):
    """A store in which somebody else changes what has just been read, a few times."""

    times = 2

    async def many(self, ids: Sequence[str]) -> dict[str, Evidence]:
        """Read, and let somebody else write at once."""
        found = await super().many(ids)
        if self.times:
            self.times -= 1
            current = found.get(f"{0:064x}") or Evidence(id=f"{0:064x}")
            await super().save_many([current.model_copy(update={"name": f"changed {self.times}"})])
        return found


async def test_what_the_service_changes_meanwhile_is_not_lost(file: Path, work: Workplace, said: io.StringIO) -> None:
    hurried = Workplace(work.runtime, Hurried(work.database), work.rules, index=work.index)
    write(file, [line(0), line(1)])
    await loaded(file, hurried, said)
    known = await work.evidence.many([f"{0:064x}", f"{1:064x}"])
    assert known[f"{0:064x}"].name == "changed 0"
    assert all(len(each.records) == 1 for each in known.values())


async def test_an_interrupted_load_goes_on_where_it_stopped(
    file: Path, work: Workplace, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_mirror, "BATCH", 2)
    write(file, [line(0), b"{", line(1), b"[", line(2), line(3)])

    class Interrupted(EvidenceStore):
        """A store that goes down at the third record."""

        async def save_many(self, several: Sequence[Evidence]) -> bool:
            """Refuse."""
            if any(each.id == f"{1:064x}" for each in several):
                raise ConnectionError
            return await super().save_many(several)

    with pytest.raises(ConnectionError):
        await loaded(file, Workplace(work.runtime, Interrupted(work.database), work.rules, index=work.index), said)
    half_written(file)
    told = await loaded(file, work, said)
    assert "was interrupted after line 2" in told
    assert "6 lines, 4 records with news, 2 bad lines" in told
    assert [each["line"] for each in rejected(file)] == [2, 4]


async def test_a_load_that_is_killed_is_finished_by_the_next_one(
    file: Path, settings: Settings, work: Workplace
) -> None:
    lines = 4_000
    write(file, [*(line(n, holder_index=f"{n // 8:064x}") for n in range(lines)), b"{"])
    loads = work.database["mirror-loads"]
    command = (sys.executable, "-m", "matcher", "load-mirror", str(file))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    await until(lambda: loads.find_one({"offset": {"$gt": 0}}))
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    cut = await loads.find_one({})
    assert cut is not None
    assert cut["ended_at"] is None
    again = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={**os.environ, "YIZHENG_LANG": "en"}
    )
    _, told = await again.communicate()
    assert again.returncode == 0, told.decode()
    assert "goes on there\n" in told.decode()
    counted = await work.evidence.statistics()
    assert [(one.status, one.count) for one in counted.records] == [("valid", lines)]
    assert len(rejected(file)) == 1


async def test_what_can_not_be_read_or_reached_is_said(
    tmp_path: Path, settings: Settings, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "nowhere.jsonl"
    teller = MatcherConsole("en", said)
    assert await asyncio.to_thread(run, ["load-mirror", str(missing)], settings, teller) == 1
    assert f"{missing}: can't be read" in said.getvalue()
    monkeypatch.setenv("MONGODB_URL", "mongodb://127.0.0.1:9/")
    monkeypatch.setattr(workplace, "PATIENCE", 0.2)
    assert await asyncio.to_thread(run, ["load-mirror", str(missing)], Settings(), teller) == 1
    assert "the store can't be reached" in said.getvalue()
    with warnings.catch_warnings():  # the driver may leave a socket behind that it was still connecting
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_lines_are_read_from_any_offset_with_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "city.jsonl"
    write(file, [line(0), line(1), b"", b"{"])
    lines = list(read(file, RULES, BLIND))
    assert [each.number for each in lines] == [1, 2, 3, 4]
    assert lines[2].said is None
    assert isinstance(lines[3].said, Bad)
    again = list(read(file, RULES, BLIND, offset=lines[0].end, number=1))
    assert again == lines[1:]


def test_a_line_has_the_shape_of_the_citys_event() -> None:
    said = parse(line(7, valid_until="2027-01-01"), RULES, BLIND)
    assert said is not None
    assert not isinstance(said, Bad)
    assert (said.record_id, said.valid_until) == ("sz-7", date(2027, 1, 1))


def test_a_line_may_name_the_holder_by_number() -> None:
    data = {"number": NUMBER, "record_id": "c1", "document_type": "bank-account", "sequence": 1}
    data |= {"fields": {"name": "李育成"}, "valid_from": None, "valid_until": None}
    said = parse(orjson.dumps(data), RULES, BLIND)
    assert isinstance(said, CityRecord)
    assert said.holder_index == BLIND.of(NUMBER)
    wrong = parse(orjson.dumps(data | {"number": NUMBER[:-1] + "9"}), RULES, BLIND)
    assert isinstance(wrong, Bad)
    assert wrong.params == {"path": "number"}
