"""80 cases while every service is killed with kill -9, one after the other, and then the newcomer's day.

Nothing is lost, nothing happens twice; and of all the people who took part, no number and no name stands anywhere in
clear but in the bodies of messages, and no number even there.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aio_pika
import httpx
import orjson
import pytest

from local_stack.ports import SERVICES
from local_stack.stack import Stack
from messaging.topology import DEAD_LETTER_EXCHANGE
from runtime.clock import today, utc_now
from synthetic.caller import Caller, Json, connect
from synthetic.progress import Bars
from testkit import places
from testkit.fixtures import free_ports
from tests.faults.leaks import Used, files_under, searched
from tests.journeys import failures
from tests.journeys.cast import cast
from tests.journeys.demo import system_of
from tests.journeys.newcomer import live
from tests.journeys.waiting import until
from tests.load.replay import place_of
from tests.load.report import Report
from tests.load.run import Run, perform

PORT_BASE = 28000
CASES = 80
CONCURRENCY = 24
WITHIN = 240.0
"""Seconds within which a part of the load gets as far as the next kill."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A system after a load: what came of it, which services were killed, and who took part."""

    stack: Stack
    seed: int
    run: Run
    report: Report
    killed: list[str]
    used: Used


@pytest.fixture(scope="module")
def stack(broker_and_store: None) -> Iterator[Stack]:
    """A system of its own, as parts of it are killed, with its traces in a file."""
    with pytest.MonkeyPatch.context() as surroundings, places.folder("faults") as folder:
        surroundings.setenv("YIZHENG_TRACES", str(folder / "traces.jsonl"))
        with Stack(folder, port_base=free_ports(PORT_BASE).base) as running:
            yield running


@pytest.fixture(scope="module")
def loaded(stack: Stack) -> Loaded:
    """Have the load, the kills and the newcomer's day behind one."""
    seed = int(os.environ.get("SEED", secrets.randbelow(100_000)))
    print(f"seed {seed} (SEED={seed} repeats this load)")
    return asyncio.run(_load(stack, seed))


async def _load(stack: Stack, seed: int) -> Loaded:
    run = Run(place_of(stack), CASES, seed, today(utc_now()), CONCURRENCY, "en", Bars())
    report, killed = await asyncio.gather(perform(run), _kill_all(stack, run, Random(seed)))
    told = await live(system_of(stack), "en", lambda _: None)
    assert told.ok
    people = (*run.population.people, *cast(run.day).everybody)
    return Loaded(stack, seed, run, report, killed, Used.by((each.number, each.name) for each in people))


@pytest.mark.timeout(600)
def test_no_service_that_is_killed_loses_or_doubles_anything(loaded: Loaded) -> None:
    report, why = loaded.report, f"seed {loaded.seed}: {loaded.run.troubles}"
    assert sorted(loaded.killed) == sorted(SERVICES)
    assert (report.lost_findings, report.doubled_findings) == ((), ()), why
    assert (report.lost, report.doubled, report.figures.decided) == (0, 0, CASES), why


async def test_a_dead_letter_is_shown_without_the_person_in_it(loaded: Loaded) -> None:
    name = max(loaded.used.names, key=len).decode()
    event_id = await _die(loaded.stack, name)
    async with connect(loaded.stack.gateway_url, loaded.stack.authority) as client:
        operator = Caller(client, loaded.stack.token("operator"), "en")
        [failure] = await until(lambda: failures.of_event(operator, event_id), bool, what="the failure")
        shown = await operator.send("GET", f"/v1/failures/{failure.id}")
    assert event_id in shown.text
    assert not loaded.used.names_in(shown.content)


async def test_nobody_stands_in_clear_in_what_was_written(loaded: Loaded) -> None:
    layout, used = loaded.stack.layout, loaded.used
    bodies = files_under(layout.broker)
    assert any(used.names_in(path.read_bytes()) for path in bodies), "this search finds nobody where somebody is"
    assert searched(bodies, used, names=False) == {}
    written = [*files_under(layout.logs), layout.var / "traces.jsonl", *files_under(layout.gateway)]
    assert searched(written, used) == {}
    kept = files_under(layout.store)
    assert any(b"app_" in path.read_bytes() for path in kept), "this search does not see what is kept"
    assert searched(kept, used) == {}
    assert await _measured(loaded.stack, used) == {}


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    used = Used.by([("440309199001010013", "李育成"), ("440524188001010014", "欧阳建国")])
    clear = tmp_path / "clear"
    clear.write_bytes(b"\x00\x01" + "姓名李育成先生; 欧阳建国".encode() + b"\x00440309199001010013\x00")
    other = tmp_path / "other"
    other.write_bytes("李育诚 44030919900101001X 1440309199001010013".encode())
    assert searched([clear, other], used) == {"clear": {"李育成", "欧阳建国", "440309199001010013"}}


async def _measured(stack: Stack, used: Used) -> dict[str, set[str]]:
    """Search the metrics of every service."""
    found: dict[str, set[str]] = {}
    async with httpx.AsyncClient() as client:
        for service in SERVICES:
            answer = await client.get(f"http://127.0.0.1:{stack.ports.service(service)}/metrics")
            assert answer.status_code == httpx.codes.OK
            found[service] = used.numbers_in(answer.content) | used.names_in(answer.content)
    return {service: names for service, names in found.items() if names}


async def _die(stack: Stack, name: str) -> str:
    """Have a message with somebody in it become a dead letter; return its event id."""
    event_id = f"broken-{secrets.token_hex(6)}"
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/yizheng/identity",
        "type": "identity.id-registered.v1",
        "time": utc_now().isoformat(),
        "correlationid": "res_nobody",
        "data": {"resident_id": 1, "name": name, "address": name},
    }
    async with await aio_pika.connect(stack.amqp_url) as connection:
        channel = await connection.channel()
        letters = await channel.get_exchange(DEAD_LETTER_EXCHANGE, ensure=False)
        await letters.publish(aio_pika.Message(orjson.dumps(event)), "matcher")
    return event_id


async def _kill_all(stack: Stack, run: Run, dice: Random) -> list[str]:
    """Kill identity while people are being registered, the others at any time while cases are under way."""
    await _kill(stack, run, "identity", "residents", dice.randrange(20, 60))
    others = [name for name in SERVICES if name != "identity"]
    dice.shuffle(others)
    share = CASES * 4 // 5 // len(others)
    for place, name in enumerate(others):
        await _kill(stack, run, name, "cases", place * share + dice.randrange(1, share))
    return ["identity", *others]


async def _kill(stack: Stack, run: Run, name: str, part: str, after: int) -> None:
    async def progress() -> int:
        return run.progress[part]

    await until(progress, lambda done: done >= after, what=f"{after} of {part}", seconds=WITHIN, interval=0.02)
    print(f"kill -9 {name} after {after} {part}")
    await asyncio.to_thread(stack.kill, name)
    await asyncio.to_thread(stack.start, name)
