"""Whoever is killed in the middle of an erasure is followed by one who ends it: all goes, once, and is told once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from applications.config import Settings
from local_stack.layout import ROOT
from services.applications.tests.archive import opened
from services.applications.tests.erasing_worker import PLACES
from services.applications.tests.service import EXCHANGE
from store.commit import INBOX, OUTBOX
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE, eventually
from testkit.signers import signed

EACH = 24
"""Applications of each of the residents."""
DEATHS = {place: f"res_{number}" for number, place in enumerate(PLACES)}
"""Where the process dies at the erasure of which resident."""
BYSTANDER = "res_bystander"
STAYS = 5


@pytest.fixture
def surroundings(bus: str, infrastructure: StackAddresses, database: Database, settings: Settings) -> Mapping[str, str]:
    assert os.environ["YIZHENG_KEYS"] == str(settings.keys)
    ours = {"AMQP_URL": bus, "MONGODB_URL": infrastructure.mongodb, "APPLICATIONS_DATABASE": database.name}
    return {**os.environ, **ours}


async def test_kill_9_at_any_point_of_an_erasure_erases_all_once_and_tells_it_once(
    bus: str, database: Database, surroundings: Mapping[str, str], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        workers = await stack.enter_async_context(started(surroundings, tmp_path))
        archive = await stack.enter_async_context(opened(database))
        held = {**dict.fromkeys(DEATHS.values(), EACH), BYSTANDER: STAYS}
        await asyncio.gather(
            *(archive.file(f"app_{by}_{n}", "withdrawn", by=by) for by, many in held.items() for n in range(many))
        )
        connection = await stack.enter_async_context(await aio_pika.connect(bus))
        channel = await connection.channel()
        told = await channel.declare_queue(exclusive=True)
        await told.bind(EXCHANGE, "applications.data-erased.v1")
        events = await channel.get_exchange(EXCHANGE)
        for place, by in DEATHS.items():
            await events.publish(requested(by), "data-rights.erasure-requested.v1")
            await workers.begin(f"era_{by} {place}")
            assert await workers.end() == -signal.SIGKILL, (place, (tmp_path / "worker.log").read_text()[-2000:])
        await workers.begin("none nowhere")
        await eventually(lambda: all_is_done(database))
        os.kill(workers.id, signal.SIGTERM)
        assert await workers.end() == 0
        left = await archive.left()
        ids, counts = defaultdict[str, set[str]](set), dict[str, list[dict[str, Any]]]()
        while message := await told.get(no_ack=True, fail=False):
            event = signers.in_clear(message.body)
            ids[event["correlationid"]].add(event["id"])
            counts[event["correlationid"]] = event["data"]["erased"]

    assert {erasure: len(each) for erasure, each in ids.items()} == {f"era_{by}": 1 for by in DEATHS.values()}
    assert all(each == [{"kind": "withdrawn-applications", "count": EACH}] for each in counts.values())
    assert {name: len(found) for name, found in left.items()} == dict.fromkeys(left, STAYS) | {"handed_in": 0}
    assert all(BYSTANDER in id_ for found in left.values() for id_ in found)


async def all_is_done(database: Database) -> bool | None:
    """Tell, for `until`, whether every request was handled and nothing waits to be told."""
    handled = await database[INBOX].count_documents({"_id": {"$in": [f"asked-{by}" for by in DEATHS.values()]}})
    waiting = await database[OUTBOX].count_documents({})
    return True if (handled, waiting) == (len(DEATHS), 0) else None


def requested(by: str) -> aio_pika.Message:
    """Ask for the erasure of what is held of somebody, as data-rights does."""
    event = {
        "specversion": "1.0",
        "id": f"asked-{by}",
        "source": "/yizheng/data-rights",
        "type": "data-rights.erasure-requested.v1",
        "time": datetime.now(UTC).isoformat(),
        "correlationid": f"era_{by}",
        "data": {"erasure_id": f"era_{by}", "holder": {"resident_id": by, "index": "9f" * 32}},
    }
    return aio_pika.Message(signed(event), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)


class Workers:
    """Lets applications live in one process after the other; `id` is that of the living one, 0 while there is none."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._told, self._said = process.stdin, process.stdout
        self.id = 0

    async def begin(self, what: str) -> None:
        """Let the next one live and die as it is told."""
        self._told.write(f"{what}\n".encode())
        self.id = await self._number()

    async def end(self) -> int:
        """Wait for its end; return the code."""
        code, self.id = await self._number(), 0
        return code

    async def _number(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return int(await self._said.readline())


@asynccontextmanager
async def started(surroundings: Mapping[str, str], folder: Path) -> AsyncIterator[Workers]:
    """Have processes for applications; none is left at the end."""
    command = (sys.executable, "-m", "services.applications.tests.erasing_worker")
    with (folder / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=surroundings, stdin=PIPE, stdout=PIPE, stderr=log
        )
        workers = Workers(process)
        try:
            yield workers
        finally:
            if workers.id:
                os.kill(workers.id, signal.SIGKILL)
            process.kill()
            await process.wait()
