"""Recorded failures at size: searched over HTTP in every way that operators do."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

from bus import topology
from bus.connection import connect
from bus.declare import declare
from bus.event import expect_all
from bus.topology import OPERATIONS
from local_stack.stack import Stack
from matcher.store.bulk import write_many
from operations import subscriptions
from operations.config import Settings
from operations.domain import failure as states
from operations.domain.failure import Failure
from operations.domain.search import Criteria
from operations.handlers import dead_letters
from operations.handlers.dependencies import Deps
from operations.main import create_app
from operations.store.failure_search import FAILURES
from operations.store.failures import INDEXES, FailureDocuments
from runtime.clock import utc_now
from store.repository import Database, Write
from tests.bench.at_size import LOOKS, fill, filling, is_filled, pages
from tests.bench.figures import Figure
from tests.bench.operations_material import DOCUMENTS, SERVICE, TYPE, case_of, id_of, raw_letter

FAILED = 50_000
"""Failures by default, as many as are stored within minutes; the goal is for 1 million (--failures)."""
GOAL = 100.0
"""Milliseconds: p95 of a page that was searched."""
REAL = 5_000
"""Dead letters that the service takes in; all others are copies with cases, events, times and states of their own."""
DAYS = 28
"""Over which they failed; of those that were discarded the messages are kept for 30."""
OPEN_EVERY, DISCARDED_EVERY = 10, 7
"""Of the failures, the others are resolved."""
SEED = 1
FEW = 10
"""Looks of a way that may take seconds."""


async def search(var: Path, port_base: int, size: int) -> list[Figure]:
    """Store failures of half a year, most of them settled, and search them."""
    with Stack(var, port_base=port_base, services=()) as stack:
        async with filling(stack, OPERATIONS) as database:
            failures = FailureDocuments(database)

            async def keep(some: Sequence[Failure]) -> None:
                await _write(failures, database, some)

            real = [] if await is_filled(database, FAILURES, size) else await _real(stack, database)
            took = await fill(database, FAILURES, INDEXES[FAILURES], size, _copies(real, size), keep)
    with Stack(var, port_base=port_base, services=(OPERATIONS,)) as stack:
        token, device = stack.token("operator", subject="op-bench"), stack.device("op-bench")
        figures = [Figure(f"storing {size:,} failures", took, "s", against="0: they were kept")]
        for name, asked in _ways(size).items():
            paths = [(f"/v1/failures?{each}", token) for each in asked]
            figures += await pages(stack, f"search by {name} among {size:,}", paths, GOAL, device)
        return figures


def _ways(size: int) -> dict[str, list[str]]:
    chosen = random.Random(SEED)
    numbers = [chosen.randrange(size) for _ in range(LOOKS)]
    document = quote("/data/documents/*/document_type=", safe="")
    certificate = quote("/data/documents/*/claims/certificate_number=R", safe="")
    return {
        "case": [f"case={case_of(n)}" for n in numbers],
        "text": [f"text=community+{n % REAL}" for n in numbers],
        "field": [f"field={certificate}{n % REAL:09d}" for n in numbers],
        "service and type": [f"service={SERVICE}&event_type={TYPE}"] * LOOKS,
        "service and state": [f"service={SERVICE}&state={state}" for state in ("open", "discarded") for _ in numbers],
        "document type": [f"field={document}{DOCUMENTS[n % len(DOCUMENTS)]}" for n in numbers],
        "words that are never together": ["text=ValueError+KeyError"] * FEW,
        "nothing but a state": ["state=open"] * LOOKS,
        "nothing": [""] * LOOKS,
    }


async def _real(stack: Stack, database: Database) -> list[Failure]:
    """Have the service's own handler take dead letters in, and read what it keeps."""
    found: list[Failure] = []
    failures = FailureDocuments(database)
    async with _handlers(stack) as deps:
        for first in range(0, REAL, 500):
            outcome = await dead_letters.take([raw_letter(n, REAL) for n in range(first, first + 500)], deps)
            writes = [each for each in expect_all(Write, outcome.changes) if each.collection == FAILURES]
            await write_many(database.vault, database[FAILURES], writes)
        while len(found) < REAL:
            after = (found[-1].last_seen, found[-1].id) if found else None
            summaries = await failures.search(Criteria(), (), after=after, limit=500)
            by_id = await failures.many([each.id for each in summaries])
            found += [by_id[each.id] for each in summaries]
    return sorted(found, key=lambda each: each.event_id)


@asynccontextmanager
async def _handlers(stack: Stack) -> AsyncIterator[Deps]:
    """Give what the handlers of operations need, with nothing that runs beside them."""
    settings = Settings.model_validate(stack.environment)
    with patch.object(subscriptions, "background", lambda _runtime, _deps: ()):
        app = create_app(settings)
    async with await connect(stack.amqp_url, name="bench") as connection:
        await declare(topology.load(settings.topology), await connection.channel())
    async with app.router.lifespan_context(app):
        yield app.state.deps


def _copies(real: Sequence[Failure], size: int) -> Iterator[Failure]:
    """Yield each in turns, the first of long ago, with numbers of its own in what it is found by."""
    began, step = utc_now() - timedelta(days=DAYS), timedelta(days=DAYS) / size
    for number in range(size):
        one, at = real[number % len(real)], began + number * step
        own = {f"case:{one.case}": f"case:{case_of(number)}", f"event:{one.event_id}": f"event:{id_of(number)}"}
        copy = one.model_copy(
            update={
                "id": f"{number:032x}",
                "version": 0,
                "event_id": id_of(number),
                "case": case_of(number),
                "first_seen": at,
                "last_seen": at,
                "words": tuple(own.get(word, word) for word in one.words),
            }
        )
        if number % OPEN_EVERY == 0:
            yield copy
        elif number % DISCARDED_EVERY == 0:
            yield states.discard(copy, "op-bench", "bench", at)
        else:
            yield states.resolve(copy, "handled", at)


async def _write(failures: FailureDocuments, database: Database, some: Sequence[Failure]) -> None:
    changes = expect_all(Write, failures.moved([(None, each) for each in some]))
    await write_many(database.vault, database[FAILURES], [each for each in changes if each.collection == FAILURES])
