"""Rebuilding the projection of the credential store from the trail: from a real one, and from one that was cut."""

from __future__ import annotations

import io
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

import aio_pika
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import new_event_id
from matcher.commands import trail
from matcher.commands.console import MatcherConsole
from matcher.commands.rebuild_projection import EventRefusedError, Rebuild, Unmentioned
from matcher.commands.trail import KeptMessage, TrailStream
from matcher.commands.workplace import Workplace
from matcher.config import Settings
from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord
from matcher.domain.rebuild import KnownEvidence, Rebuilt, swapped
from matcher.handlers.records import city_record, credential_record
from matcher.views import CityRecord, StoredCredential
from testkit.signers import signed

NOON = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""When the events that are made here were published."""
STORED = "credential-store.credential-stored.v1"
REVOKED = "credential-store.credential-revoked.v1"


class FakeTrail(TrailStream):
    """A trail in memory that begins at an offset."""

    def __init__(self, bodies: Iterable[bytes], first: int = 0) -> None:
        self.kept = [KeptMessage(offset, body) for offset, body in enumerate(bodies, start=first)]

    async def end(self) -> int:
        """Return the last offset."""
        return self.kept[-1].offset if self.kept else -1

    async def read(self, end: int) -> AsyncIterator[Sequence[KeptMessage]]:
        """Read up to that offset."""
        for kept in self.kept:
            if kept.offset <= end:
                yield [kept]


def event(type_: str, index: str, sequence: int, credential_id: str = "c1", **changes: object) -> bytes:
    data: dict[str, object] = {
        "credential_id": credential_id,
        "identifier": "1.2.156",
        "document_type": "bank-account",
        "holder": {"resident_id": None, "index": index},
        "fields": {"name": "李育成", "sequence": sequence},
        "origin": "review",
        "valid_from": "2020-01-01",
        "valid_until": None,
        "sequence": sequence,
    }
    envelope = {
        "specversion": "1.0",
        "id": new_event_id(),
        "source": "/yizheng/credential-store",
        "type": type_,
        "time": "2026-11-23T02:00:00Z",
        "correlationid": credential_id,
        "data": data | changes,
    }
    return signed(envelope)


def credential(index: str, sequence: int, credential_id: str = "c1", name: str = "李育成") -> EvidenceRecord:
    data = orjson.loads(event(STORED, index, sequence, credential_id))["data"]
    return credential_record(
        StoredCredential.model_validate(data | {"fields": {"name": name, "sequence": sequence}}), NOON
    )


def of_city(index: str) -> EvidenceRecord:
    said: dict[str, object] = {
        "record_id": "sz-1",
        "document_type": "bank-account",
        "holder_index": index,
        "fields": {},
        "valid_from": None,
        "valid_until": None,
        "sequence": 1,
    }
    return city_record(CityRecord.model_validate(said), NOON)


@pytest.fixture
def index() -> str:
    return secrets.token_hex(32)


async def everybody(work: Workplace) -> list[Evidence]:
    return [each async for batch in work.evidence.batches(10) for each in batch]


async def rebuilt(
    work: Workplace, kept: FakeTrail, unmentioned: Unmentioned | None = None
) -> tuple[Sequence[EvidenceRecord], str]:
    """Rebuild from this trail; return the records of the only person, and what the operator was told."""
    said = io.StringIO()
    await Rebuild(work, kept, MatcherConsole("en", said)).run(unmentioned)
    assert [name for name in await work.database.list_collection_names() if name.startswith("rebuilt-")] == []
    [person] = await everybody(work)
    return person.records, said.getvalue()


async def test_what_was_damaged_is_as_the_trail_says_and_the_mirror_stays(work: Workplace, index: str) -> None:
    damaged = credential(index, 1, name="somebody else")
    await work.evidence.save_many([Evidence(id=index).with_records([damaged, of_city(index)])])
    kept = FakeTrail([event(STORED, index, 1), event(STORED, index, 2, "c2"), event(REVOKED, index, 3, "c2")])
    records, told = await rebuilt(work, kept)
    assert [(record.record_id, record.status, record.source) for record in records] == [
        ("sz-1", "valid", "city-mirror"),
        ("c1", "valid", "district-store"),
        ("c2", "revoked", "district-store"),
    ]
    assert records[1].content is not None
    assert records[1].content.fields["name"] == "李育成"
    assert "complete from the first event on; read 3 events, 3 of them about credentials" in told


async def test_a_lost_projection_comes_back_and_residents_are_told(work: Workplace, index: str) -> None:
    await work.evidence.save_many([Evidence(id=index, resident_id="res_1", name="李育成")])
    records, _ = await rebuilt(work, FakeTrail([event(STORED, index, 1), b"not json", event("x.y.v1", index, 1)]))
    assert [record.record_id for record in records] == ["c1"]
    [person] = await everybody(work)
    assert (len(person.holdings), person.holdings_sequence) == (1, 1)
    assert await work.database["outbox"].count_documents({}) == 1


async def test_rebuilding_what_is_right_changes_nothing(work: Workplace, index: str) -> None:
    kept = FakeTrail([event(STORED, index, 1)])
    await rebuilt(work, kept)
    [before] = await everybody(work)
    _, told = await rebuilt(work, kept)
    assert await everybody(work) == [before]
    assert "0 of them changed" in told


async def test_a_record_that_the_trail_does_not_mention_stops_the_rebuild(work: Workplace, index: str) -> None:
    before = Evidence(id=index).with_records([credential(index, 1), credential(index, 4, "c2")])
    await work.evidence.save_many([before])
    kept = FakeTrail([event(STORED, index, 2), event(STORED, index, 3, "c2")])
    with pytest.raises(EventRefusedError) as caught:
        await rebuilt(work, kept)
    assert (caught.value.key, caught.value.unmentioned) == ("rebuild.refused", 1)
    assert [each.records for each in await everybody(work)] == [before.records]

    records, told = await rebuilt(work, kept, "keep")
    assert [record.sequence for record in records] == [2, 4]
    assert "0 dropped, 1 kept unmentioned" in told
    records, told = await rebuilt(work, kept, "drop")
    assert [record.sequence for record in records] == [2, 3]
    assert "1 dropped, 0 kept unmentioned" in told


async def test_a_trail_that_was_cut_is_never_passed_off_as_the_whole(work: Workplace, index: str) -> None:
    await work.evidence.save_many([Evidence(id=index).with_records([credential(index, 1), credential(index, 1, "c0")])])
    cut = FakeTrail([event(REVOKED, index, 2)], first=700)
    with pytest.raises(EventRefusedError):
        await rebuilt(work, cut)
    records, told = await rebuilt(work, cut, "keep")
    assert [(record.record_id, record.status) for record in records] == [("c0", "valid"), ("c1", "revoked")]
    assert records[1].content is not None  # what the record said was told before the trail begins, and stays
    assert "reaches back to 2026-11-23T02:00:00+00:00 (event number 700)" in told


async def test_a_cut_trail_that_contradicts_nothing_is_refused_too(work: Workplace, index: str) -> None:
    with pytest.raises(EventRefusedError) as caught:
        await rebuilt(work, FakeTrail([event(STORED, index, 1)], first=1))
    assert caught.value.key == "rebuild.refused-cut"
    assert await everybody(work) == []


async def test_an_empty_trail_rebuilds_nothing(work: Workplace, index: str) -> None:
    await work.evidence.save_many([Evidence(id=index).with_records([of_city(index)])])
    records, _ = await rebuilt(work, FakeTrail([]))
    assert [record.record_id for record in records] == ["sz-1"]


async def test_what_a_killed_rebuild_left_behind_is_thrown_away(work: Workplace, index: str) -> None:
    await work.database.create_collection("rebuilt-run_00000000000000000000000000")
    await work.evidence.save_many([Evidence(id=index)])
    await rebuilt(work, FakeTrail([]))


async def test_the_trail_is_read_from_its_first_event_to_its_end_without_taking_anything(
    settings: Settings, work: Workplace, index: str
) -> None:
    async with await aio_pika.connect(settings.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange("events", ensure=False)
        for sequence in (1, 2, 3):
            message = aio_pika.Message(event(STORED, index, sequence), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, STORED)
    for _ in range(2):
        async with trail.opened(settings.amqp_url, "matcher.trail") as opened:
            end = await opened.end()
            kept = [each async for page in opened.read(end) for each in page]
        assert [each.offset for each in kept] == list(range(end + 1))
        told = [body.get("data", {}) for body in map(_json, kept)]
        ours = [data["sequence"] for data in told if data.get("holder") == {"resident_id": None, "index": index}]
        assert ours == [1, 2, 3]


def _json(kept: KeptMessage) -> dict[str, dict[str, object]]:
    try:
        body = orjson.loads(kept.body)
    except orjson.JSONDecodeError:
        return {}  # other tests publish broken messages, too
    return body if isinstance(body, dict) else {}


_HISTORY = [
    EvidenceRecord(
        keeper="credential-store",
        record_id=f"c{n % 2}",
        source="district-store",
        document_type="bank-account",
        status="valid" if n % 3 else "revoked",
        sequence=n,
        content=EvidenceContent(fields={"n": n}, valid_from=None, valid_until=None, sequence=n) if n % 3 else None,
    )
    for n in range(1, 9)
]


@given(began=st.integers(0, 8), read=st.integers(0, 8), order=st.permutations(_HISTORY), keep=st.booleans())
def test_swapping_loses_nothing_that_arrives_meanwhile(
    began: int, read: int, order: list[EvidenceRecord], *, keep: bool
) -> None:
    """The trail is read up to `read`; the service is at `began` when the rebuild begins and at the end at the swap."""
    read = max(began, read)
    before = _heard(Evidence(id="i"), _HISTORY[:began])
    beside = Rebuilt(
        id="i", known=tuple(KnownEvidence(record_id=one.record_id, sequence=one.sequence) for one in before.records)
    )
    for news in _HISTORY[:read]:
        beside = beside.with_record(news)
    now = _heard(before, order)
    assert swapped(now, beside, keep=keep).records == _heard(Evidence(id="i"), _HISTORY).records
    late = _heard(swapped(before, beside, keep=keep), order)
    assert late.records == _heard(Evidence(id="i"), _HISTORY).records


def _heard(evidence: Evidence, news: Iterable[EvidenceRecord]) -> Evidence:
    for each in news:
        evidence = evidence.with_record(each)
    return evidence
