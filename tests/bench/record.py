"""The record of accesses: one resident's page among very many entries, and how fast entries are sealed."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import statistics
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from pymongo import DESCENDING, AsyncMongoClient

from data_rights import store
from data_rights.config import Settings
from data_rights.domain.access import Access, By, Seen
from data_rights.domain.asked import Asked
from data_rights.handlers import sealing
from data_rights.handlers.needs import Deps
from data_rights.main import build
from data_rights.store.accesses import ACCESSES
from data_rights.store.accesses import SEALED as SEALED_FIELDS
from local_stack.stack import Stack
from messaging.commit import Committer
from messaging.documents import CODECS, Document, Write
from messaging.sealing import SEALED, name_of, take
from runtime.clock import today, utc_now
from runtime.kernel import Database
from synthetic.progress import Bars
from tests.bench.figures import Figure, in_turns, ratio_of
from tests.load.evidence import left_over
from tests.load.replay import place_of
from tests.load.run import Run, perform

ENTRIES = 100_000
"""Entries by default, as many as are taken in within minutes; the goal is for 10 million (--entries)."""
EACH = 200
"""Entries about one resident."""
READERS = 100
"""Residents whose record is read, sealed as the service seals it; nobody opens what the others' entries hold."""
READS = 300
PAGE = 20
WAITING = 5_000
"""Entries that are sealed for the figure of sealing."""
BATCH = 2_000
SEED = 1
GOAL = 50.0
"""Milliseconds: p95 of a page."""
CASES, AT_ONCE = 120, 48
RESTS = 10
"""Looks in a row (half a second apart) at which only the record's messages wait: the turn is over."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


async def record(database: Database, entries: int) -> list[Figure]:
    """Store entries about ever other residents, then read residents' first pages, whole and filtered, and seal."""
    await _begin(database, entries)
    deps = await build(database, Settings())
    plan = await _plan(database, entries)
    figures = []
    for name, asked in (
        ("first page", Asked()),
        ("first page, by document and department", Asked(document_type="id-card", department="health")),
        ("first page, of one application", Asked(application_id="app_7")),
    ):
        times = await _reads(deps, asked, entries)
        figures += [
            Figure(f"{name} of {entries:,} entries, p50", times[0], "ms", against=plan),
            Figure(f"{name}, p95", times[1], "ms", GOAL / times[1], goal=1.0, against=f"{GOAL:g} ms over the p95"),
        ]
    return [*figures, Figure("entries sealed into blocks", await _sealing(database, deps), "a second")]


async def _begin(database: Database, entries: int) -> None:
    for name, models in store.INDEXES.items():
        await database.drop_collection(name)
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(models)
    await database.vault.prepare()
    collection, readers = database.get_collection(ACCESSES, codec_options=CODECS), set(_readers(entries))
    closed = await database.vault.seal(dict.fromkeys(SEALED_FIELDS), "somebody else's")
    for start in range(0, entries, BATCH):
        numbers, people = range(start, min(entries, start + BATCH)), _people(entries)
        documents = [_stored(number, number % people, number // people) for number in numbers]
        for document in documents:
            clear = take(document, SEALED_FIELDS)
            document[SEALED] = await _seal(clear, document, database) if document["holder"] in readers else closed
        await collection.insert_many(documents, ordered=False)


async def _seal(clear: dict[str, Any], document: Document, database: Database) -> object:
    return await database.vault.seal(clear, name_of(ACCESSES, document["_id"]))


def _people(entries: int) -> int:
    return max(1, entries // EACH)


def _readers(entries: int) -> list[str]:
    people = _people(entries)
    return [_holder(person) for person in random.Random(SEED).sample(range(people), min(READERS, people))]


def _holder(person: int) -> str:
    return f"{person:064x}"


def _entry(number: int, person: int, turn: int, block: int | None) -> Access:
    """Return an entry about a person; `turn` counts those about the same one."""
    return Access(
        id=f"acc_{number:016x}-{'0' * 12}_{person:08x}",
        holder=_holder(person),
        by=By(subject=f"reviewer-{number % 97}", role="reviewer", departments=(("health", "edu")[turn % 2],)),
        how="viewed",
        what="task",
        documents=(Seen(document_type=("id-card", "birth-certificate", "portrait-photo")[turn % 3]),),
        application_id=f"app_{turn % 11}",
        item="school-enrolment",
        purpose="审核材料" if turn % 4 == 0 else None,
        source="review-dispatch",
        at=BEGAN + timedelta(seconds=number),
        salt=secrets.token_hex(16),
        block=block,
    )


def _stored(number: int, person: int, turn: int, block: int | None = 1) -> dict[str, Any]:
    stored = _entry(number, person, turn, block).model_dump()
    return {"_id": stored.pop("id"), **stored, "version": 1}


async def _reads(deps: Deps, asked: Asked, entries: int) -> tuple[float, float]:
    """Return median and 95th percentile (ms) of pages of residents by chance."""
    readers, times = itertools.cycle(_readers(entries)), []
    for holder in itertools.islice(readers, READS):
        begun = perf_counter()
        found = await deps.accesses.page(holder, asked, before=None, limit=PAGE + 1)
        times.append((perf_counter() - begun) * 1000)
        assert found, "a resident without entries"
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


async def _plan(database: Database, entries: int) -> str:
    """Return which index the store says that it uses; a scan of everything would be said too."""
    cursor = database[ACCESSES].find({"holder": _holder(_people(entries) // 2)}).sort("_id", DESCENDING).limit(PAGE)
    plan = repr(await cursor.explain())
    if "IXSCAN" not in plan:
        return f"no index: {plan[:80]}"
    return "by the index holder" if "holder" in plan else "by an index"


async def _sealing(database: Database, deps: Deps) -> float:
    collection = database.get_collection(ACCESSES, codec_options=CODECS)
    waiting = [_stored(10**9 + number, number, 0, None) for number in range(WAITING)]
    for document in waiting:
        document[SEALED] = await _seal(take(document, SEALED_FIELDS), document, database)
    await collection.insert_many(waiting, ordered=False)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    begun, sealed = perf_counter(), 0
    while outcomes := await sealing.seal(deps):
        for outcome in outcomes:
            changes = [change for change in outcome.changes if isinstance(change, Write)]
            await committer.commit(changes)
            sealed += len(changes) - 1
    rate = sealed / (perf_counter() - begun)
    await committer.stop()
    assert sealed == WAITING, "not everything was sealed"
    return rate


async def cost(stack: Stack, rounds: int) -> list[Figure]:
    """Take the whole workflow with the record kept, and with nobody who keeps it, in turns.

    Without: data-rights is not running, and what it would hear waits in its queue until the turn is over.
    """

    async def kept() -> float:
        return await _cases_a_second(stack)

    async def not_kept() -> float:
        stack.kill("data-rights")
        starting = asyncio.create_task(_start_when_all_else_rests(stack))
        rate = await _cases_a_second(stack)
        await starting
        return rate

    with_record, without = await in_turns(kept, not_kept, rounds)
    return [
        ratio_of(
            "whole workflow, its record kept", with_record, without, unit="cases/s", goal=0.8, against="nobody keeps it"
        )
    ]


async def _cases_a_second(stack: Stack) -> float:
    run = Run(place_of(stack), CASES, CASES, today(utc_now()), AT_ONCE, "en", Bars())
    return (await perform(run)).figures.cases_per_second


async def _start_when_all_else_rests(stack: Stack) -> None:
    """Start data-rights again when nothing has moved for a while but what waits for it: the turn is over then."""
    rested = 0
    async with AsyncMongoClient[Document](stack.mongodb_url) as client:
        while rested < RESTS:
            await asyncio.sleep(0.5)
            moving = await left_over(stack.amqp_url, client)
            rested = rested + 1 if set(moving) == {"data-rights"} else 0
    await asyncio.to_thread(stack.start, "data-rights")
