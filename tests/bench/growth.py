"""How the cost of a match grows with what is stored: the same matches among 10 thousand, 100 thousand, 1 million."""

from __future__ import annotations

import asyncio
import random
import secrets
from datetime import date
from pathlib import Path
from time import perf_counter

from matcher.config import Settings
from matcher.consumed import DocumentSubmitted
from matcher.domain.evidence import Content, Evidence, Identity, Record
from matcher.handlers import matching
from matcher.main import build
from messaging.documents import CODECS
from messaging.event import Received
from runtime.clock import utc_now
from runtime.kernel import Database
from tests.bench.figures import Figure

SIZES = (10_000, 100_000, 1_000_000)
MATCHES = 2_000
AT_ONCE = 64
BATCH = 2_000
SEED = 1
ADDRESS = "深圳市龙华区民治街道北站社区龙悦居3栋2单元801"


async def growth(database: Database, keys: Path) -> list[Figure]:
    """Store ever more credentials, two a person, and match at each size. The figure is matches a second."""
    await database.drop_collection("evidence")
    await database.create_collection("evidence")
    deps = await build(database, Settings.model_validate({"YIZHENG_KEYS": keys}))
    chosen = random.Random(SEED)
    figures: list[Figure] = []
    stored = 0
    for size in SIZES:
        people = size // 2
        await _store(database, stored, people)
        stored = people
        wanted = [chosen.randrange(people) for _ in range(MATCHES)]
        begun = perf_counter()
        for start in range(0, MATCHES, AT_ONCE):
            group = wanted[start : start + AT_ONCE]
            outcomes = await asyncio.gather(*(matching.match_document(_asked(n), deps) for n in group))
            assert all(outcome.events[0].type == "matcher.match-succeeded.v1" for outcome in outcomes)
        rate = MATCHES / (perf_counter() - begun)
        first = figures[0].value if figures else rate
        figures.append(
            Figure(f"matches among {size:,} credentials", rate, "a second", rate / first, against="the first")
        )
    return figures


async def _store(database: Database, first: int, last: int) -> None:
    collection = database.get_collection("evidence", codec_options=CODECS)
    for start in range(first, last, BATCH):
        documents = [_evidence(number).model_dump() for number in range(start, min(last, start + BATCH))]
        await collection.insert_many([{"_id": each.pop("id"), **each} for each in documents], ordered=False)


def _index(number: int) -> str:
    return f"{number:064x}"


def _evidence(number: int) -> Evidence:
    name = f"居民{number}"
    person = Identity(resident_id=f"res_{number}", name=name, birth_date=date(1990, 1, 1), address=ADDRESS, sequence=1)
    records = (
        _record(number, "id-card", {"number": _index(number), "name": name, "birth_date": "1990-01-01"}),
        _record(number, "household-register", {"holder_name": name, "household_number": "1", "address": ADDRESS}),
    )
    return Evidence(id=_index(number), version=1).with_identity(person).with_records(records)


def _record(number: int, document_type: str, fields: dict[str, str | bool | int | list[str]]) -> Record:
    content = Content(fields=fields, valid_from=None, valid_until=None, sequence=1)
    return Record(
        keeper="city",
        record_id=f"{document_type}-{number}",
        source="city-mirror",
        document_type=document_type,
        status="valid",
        sequence=1,
        content=content,
    )


def _asked(number: int) -> Received[DocumentSubmitted]:
    asked = DocumentSubmitted.model_validate(
        {
            "application_id": f"app_{number}",
            "item": "senior-card",
            "requirement": "id-card",
            "attempt": 1,
            "document_types": ["id-card"],
            "holder": {"resident_id": f"res_{number}", "index": _index(number)},
            "claims": {"number": _index(number), "name": f"居民{number}", "birth_date": "1990-01-01"},
            "scans": [],
            "reviewable": True,
            "community": None,
        }
    )
    return Received(secrets.token_hex(8), "applications.document-submitted.v1", "/bench", "case", utc_now(), asked)
