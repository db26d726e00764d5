"""The record of accesses: one resident's page among very many entries, and how fast entries are sealed."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import perf_counter

from pymongo import AsyncMongoClient

from data_rights import store
from data_rights.config import Settings
from data_rights.domain.access import Access, AccessedBy, SeenDocument
from data_rights.domain.people import KnownPerson
from data_rights.handlers import blocks
from data_rights.main import build
from data_rights.store.accesses import ACCESSES, accesses_in
from local_stack.stack import Stack
from matcher.store.bulk import write_many
from runtime.clock import today, utc_now
from store import retention
from store.commit import Committer
from store.repository import Document, Write
from store.retention import indexed
from synthetic.progress import Bars
from tests.bench.at_size import LOOKS, database_of, fill, filling, pages
from tests.bench.figures import Figure, in_turns, ratio_of
from tests.load.evidence import left_over
from tests.load.replay import place_of
from tests.load.run import Run, perform

ENTRIES = 100_000
"""Entries by default, as many as are taken in within minutes; the goal is for 10 million (--entries)."""
EACH = 200
"""Entries about one resident."""
WAITING = 5_000
"""Entries that are sealed for the figure of sealing."""
SEED = 1
GOAL = 50.0
"""Milliseconds: p95 of a page."""
CASES, AT_ONCE = 120, 48
RESTS = 10
"""Looks in a row (half a second apart) at which only the record's messages wait: the turn is over."""
DAYS = 900
"""Over which the entries came; they are kept for 1,095."""
NAME = "data-rights"
WAYS = {
    "first page": "/v1/accesses",
    "first page, by document and department": "/v1/accesses?document_type=id-card&department=health",
    "first page, of one application": "/v1/accesses?application_id=app_7",
}


async def record(var: Path, port_base: int, entries: int) -> list[Figure]:
    """Store entries about many residents in turns, then read some residents' first pages over HTTP, and seal."""
    people = _people(entries)
    readers = random.Random(SEED).sample(range(people), min(LOOKS, people))
    with Stack(var, port_base=port_base, services=()) as stack:
        async with filling(stack, NAME) as database:
            kept = accesses_in(database)
            terms = retention.read(Settings.model_validate(stack.environment).retention).services[NAME]
            stored = await fill(
                database,
                ACCESSES,
                indexed(terms, store.INDEXES, store.CASCADES)[ACCESSES],
                entries,
                _entries(entries, people),
                lambda some: write_many(database.vault, database[ACCESSES], [kept.save(each) for each in some]),
            )
            known = [KnownPerson(id=_resident(person), index=_holder(person)) for person in readers]
            residents = store.people(database)
            await fill(
                database,
                store.PEOPLE,
                (),
                len(known),
                known,
                lambda some: write_many(database.vault, database[store.PEOPLE], [*map(residents.save, some)]),
            )
    figures = [Figure(f"storing {entries:,} entries", stored, "s", against="0: they were kept")]
    with Stack(var, port_base=port_base, services=(NAME,)) as stack:
        tokens = [stack.token("resident", subject=_resident(person)) for person in readers]
        for name, path in WAYS.items():
            asked = [(path, token) for token in tokens]
            figures += await pages(stack, f"{name} of {entries:,} entries", asked, GOAL)
        async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
            sealed = await _sealing(client, stack)
    return [*figures, Figure("entries sealed into blocks", sealed, "a second")]


def _entries(entries: int, people: int) -> Iterator[Access]:
    began, step = utc_now() - timedelta(days=DAYS), timedelta(days=DAYS) / entries
    return (_entry(number, number % people, number // people, began + number * step) for number in range(entries))


def _people(entries: int) -> int:
    return max(1, entries // EACH)


def _resident(person: int) -> str:
    return f"res_{person:026d}"


def _holder(person: int) -> str:
    return f"{person:064x}"


def _entry(number: int, person: int, turn: int, at: datetime, block: int | None = 1) -> Access:
    """Return an entry about a person; `turn` counts those about the same one."""
    changes = {
        "id": f"acc_{number:016x}-{'0' * 12}_{person:08x}",
        "holder": _holder(person),
        "at": at,
        "salt": secrets.token_hex(16),
        "block": block,
    }
    return _look(number % 97, turn % 132).model_copy(update=changes)


@cache
def _look(reviewer: int, turn: int) -> Access:
    department, document = ("health", "edu")[turn % 2], ("id-card", "birth-certificate", "portrait-photo")[turn % 3]
    return Access(
        id="",
        holder="",
        by=AccessedBy(subject=f"reviewer-{reviewer}", role="reviewer", departments=(department,)),
        how="viewed",
        what="task",
        documents=(SeenDocument(document_type=document),),
        application_id=f"app_{turn % 11}",
        item="school-enrolment",
        purpose="审核材料" if turn % 4 == 0 else None,
        source="review-dispatch",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        salt="",
    )


async def _sealing(client: AsyncMongoClient[Document], stack: Stack) -> float:
    database = await database_of(client, "bench-record", stack.layout.keys)
    for name, models in store.INDEXES.items():
        await database.drop_collection(name)
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(models)
    deps = await build(database, Settings.model_validate(stack.environment))
    kept, began = accesses_in(database), utc_now() - timedelta(minutes=1)
    waiting = [_entry(number, number, 0, began, None) for number in range(WAITING)]
    await write_many(database.vault, database[ACCESSES], [kept.save(each) for each in waiting])
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    begun, sealed = perf_counter(), 0
    while outcomes := await blocks.seal(deps):
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
