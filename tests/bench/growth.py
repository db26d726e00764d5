"""How the cost of a match grows with what is stored: the same matches among 10 thousand, 100 thousand, 1 million."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from datetime import date
from time import perf_counter

from pymongo import AsyncMongoClient

from bus.event import Received
from local_stack.stack import Stack
from matcher import store
from matcher.config import Settings
from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord, Identity
from matcher.handlers import document_match
from matcher.handlers.dependencies import Deps
from matcher.main import build
from matcher.store.evidence import EVIDENCE, EvidenceStore
from matcher.views import DocumentSubmitted
from runtime.clock import utc_now
from store.repository import Document
from tests.bench.at_size import database_of, fill
from tests.bench.figures import Figure, p50_and_p95

CREDENTIALS = 1_000_000
"""In the largest store; the others have a tenth and a hundredth of it."""
MATCHES = 1_000
"""In each turn, one after the other."""
SEED = 1
LARGEST_GROWTH = 1.2
ADDRESS = "深圳市龙华区民治街道北站社区龙悦居3栋2单元801"


async def growth(stack: Stack, rounds: int, credentials: int) -> list[Figure]:
    """Match in stores of each size in turns; the ratio is that of the 95th percentiles, to the smallest store's."""
    settings = Settings.model_validate(stack.environment)
    sizes = (credentials // 100, credentials // 10, credentials)
    places: dict[int, Deps] = {}
    async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
        for size in sizes:
            database = await database_of(client, f"bench-growth-{size}", stack.layout.keys)
            evidence, people = EvidenceStore(database), size // 2
            await fill(database, EVIDENCE, store.INDEXES[EVIDENCE], people, _people(people), evidence.save_many)
            places[size] = await build(database, settings)
        took: dict[int, list[float]] = {size: [] for size in sizes}
        for turn in range(rounds):
            for size, deps in places.items():
                took[size] += await _matches(deps, size // 2, turn)
    found = {size: p50_and_p95(times) for size, times in took.items()}
    first = found[sizes[0]][1]
    return [
        figure
        for size, (p50, p95) in found.items()
        for figure in (
            Figure(f"a match among {size:,} credentials, p50", p50, "ms"),
            Figure(
                f"a match among {size:,} credentials, p95",
                p95,
                "ms",
                first / p95,
                goal=1 / LARGEST_GROWTH,
                against=f"among {sizes[0]:,}: at most {LARGEST_GROWTH:g} times",
            ),
        )
    ]


async def _matches(deps: Deps, people: int, turn: int) -> list[float]:
    """Match people by chance; return the milliseconds that each took."""
    chosen, took = random.Random(SEED + turn), []
    for number in (chosen.randrange(people) for _ in range(MATCHES)):
        asked, begun = _asked(number), perf_counter()
        outcome = await document_match.match_documents(asked, deps)
        took.append((perf_counter() - begun) * 1000)
        assert outcome.events[0].type == "matcher.match-succeeded.v2"
    return took


def _people(count: int) -> Iterator[Evidence]:
    return map(_evidence, range(count))


def _index(number: int) -> str:
    return f"{number:064x}"


def _evidence(number: int) -> Evidence:
    name = f"居民{number}"
    person = Identity(resident_id=f"res_{number}", name=name, birth_date=date(1990, 1, 1), address=ADDRESS, sequence=1)
    records = (
        _record(number, "id-card", {"number": _index(number), "name": name, "birth_date": "1990-01-01"}),
        _record(number, "household-register", {"holder_name": name, "household_number": "1", "address": ADDRESS}),
    )
    return Evidence(id=_index(number)).with_identity(person).with_records(records)


def _record(number: int, document_type: str, fields: dict[str, str | bool | int | list[str]]) -> EvidenceRecord:
    content = EvidenceContent(fields=fields, valid_from=None, valid_until=None, sequence=1)
    return EvidenceRecord(
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
            "documents": [
                {
                    "requirement": "id-card",
                    "attempt": 1,
                    "document_types": ["id-card"],
                    "holder": {"resident_id": f"res_{number}", "index": _index(number)},
                    "claims": {"number": _index(number), "name": f"居民{number}", "birth_date": "1990-01-01"},
                    "scans": [],
                    "reviewable": True,
                }
            ],
            "community": None,
        }
    )
    return Received(secrets.token_hex(8), "applications.document-submitted.v2", "/bench", "case", utc_now(), asked)
