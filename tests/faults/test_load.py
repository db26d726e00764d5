"""A short run of `make chaos`: what of three machines is killed with kill -9 at once, in the midst of a load.

Nothing is lost, nothing happens twice, nothing is there that nobody asked for; and of all the people who took part, no
number, no name and no address stands anywhere in clear, nor what is made of a number with the key of the index.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path

import aio_pika
import httpx
import orjson
import pytest

from bus.connection import connect as bus_connect
from bus.event_encryption import EventCipher, secrets_file
from bus.topology import DEAD_LETTER_EXCHANGE
from local_stack.cluster import Cluster
from local_stack.keys import BLIND_INDEX_KEY
from local_stack.ports import SERVICES
from runtime.clock import today, utc_now
from store.blind_index import BlindIndex
from synthetic.caller import Caller, Json
from synthetic.progress import Bars
from testkit import places
from testkit.infrastructure import free_ports, killed_at_the_end
from testkit.prepared import prepared
from tests.chaos.faults import PRIMARY, Fault, Kind
from tests.chaos.report import Report
from tests.chaos.run import Plan, perform
from tests.faults.leaks import Used, content_of, files_under, searched
from tests.faults.node_loss import Queue, are_dealt_out, queues
from tests.journeys import failures
from tests.journeys.demo import system_of
from tests.journeys.waiting import until
from tests.load.replay import place_of
from tests.load.run import Run

PORT_BASE = 28000
CASES = 12
CONCURRENCY = 12
SECONDS = 5.0
"""For how long households come."""
QUIET = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A system after a load: its queues before it, what came of it, and who took part."""

    stack: Cluster
    queues: Sequence[Queue]
    report: Report
    used: Used


@pytest.fixture(scope="module")
def stack() -> Iterator[Cluster]:
    """A system of its own, as parts of it are killed, with its traces in a file."""
    with pytest.MonkeyPatch.context() as surroundings, places.folder("faults") as folder:
        for name in ("AMQP_URL", "MONGODB_URL"):
            surroundings.delenv(name, raising=False)
        surroundings.setenv("YIZHENG_TRACES", str(folder / "traces.jsonl"))
        with prepared(folder) as start, killed_at_the_end() as undo:
            yield undo.enter_context(Cluster(folder, port_base=free_ports(PORT_BASE).base, start=start))


@pytest.fixture(scope="module")
def loaded(stack: Cluster) -> Loaded:
    """Have the load and the kills behind one."""
    seed = int(os.environ.get("SEED", secrets.randbelow(100_000)))
    print(f"seed {seed} (SEED={seed} repeats this load)")
    return asyncio.run(_load(stack, seed))


async def _load(stack: Cluster, seed: int) -> Loaded:
    before = queues(stack.infrastructure, "broker-2")
    run = Run(place_of(stack), CASES, seed, today(utc_now()), CONCURRENCY, "en", Bars())
    report = await perform(run, stack, Plan(SECONDS, (loss(),), QUIET))
    index = BlindIndex.from_file(stack.layout.keys / BLIND_INDEX_KEY)
    return Loaded(stack, before, report, _used(run).knowing(index))


def _used(run: Run) -> Used:
    people = run.population.people
    return Used.by(((each.number, each.name) for each in people), (each.address for each in people))


def test_every_queue_is_on_every_node_and_their_leaders_are_dealt_out(loaded: Loaded) -> None:
    assert are_dealt_out(loaded.queues)


def test_what_is_killed_loses_and_doubles_nothing_and_work_goes_on(loaded: Loaded) -> None:
    report, account = loaded.report, loaded.report.account
    why = report.model_dump_json(indent=2)
    assert {fault.target.rpartition("-")[0] for fault in report.faults} == {*SERVICES, "broker", "store"}
    assert (account.lost, account.doubled, account.unexpected) == ((), (), ()), why
    assert (report.decided, report.troubles) == (report.cases, ()), why
    assert report.ok


async def test_a_dead_letter_is_shown_without_the_person_in_it(loaded: Loaded) -> None:
    name = max(loaded.used.names, key=len).decode()
    event_id = await _die(loaded.stack, name)
    async with system_of(loaded.stack).connect() as client:
        operator = Caller(client, loaded.stack.token("operator"), "en")
        [failure] = await until(lambda: failures.of_event(operator, event_id), bool, what="the failure")
        shown = await operator.send("GET", f"/v1/failures/{failure.id}")
    assert event_id in shown.text
    assert not loaded.used.names_in(shown.content)


async def test_nobody_stands_in_clear_in_what_was_written(loaded: Loaded) -> None:
    layout, used = loaded.stack.layout, loaded.used
    bodies = files_under(layout.broker)
    assert any(b'"encrypted":"' in content_of(path) for path in bodies), "this search does not see what is published"
    assert searched(bodies, used) == {}
    written = [*files_under(layout.logs), layout.var / "traces.jsonl", *files_under(layout.gateway)]
    assert searched(written, used) == {}
    kept = files_under(layout.var / loaded.stack.infrastructure.primary())  # the others keep the same
    assert any(b"app_" in content_of(path) for path in kept), "this search does not see what is kept"
    assert searched(kept, used) == {}
    assert await _measured(loaded.stack, used) == {}


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    people = [("440309199001010013", "李育成"), ("440524188001010014", "欧阳建国")]
    used = Used.by(people, ["民治街道3号", "大浪街道3号"])
    clear = tmp_path / "clear"
    text = "姓名李育成先生; 欧阳建国 住民治街道3号"
    clear.write_bytes(b"\x00\x01" + text.encode() + b"\x00440309199001010013\x00")
    other = tmp_path / "other"
    other.write_bytes("李育诚 44030919900101001X 1440309199001010013 民治街道13号".encode())
    found = {"李育成", "欧阳建国", "440309199001010013", "民治街道3号"}
    assert searched([clear, other], used) == {"clear": found}
    leaked = BlindIndex(b"k" * 32)
    index = leaked.of("440524188001010014")
    made = {index, sha256(f"resident {index}".encode()).hexdigest()[:26]}
    clear.write_bytes(b"\x02" + index.encode() + b"\x00 res_" + max(made - {index}).encode())
    assert searched([clear, other], used.knowing(leaked)) == {"clear": made}


async def _measured(stack: Cluster, used: Used) -> dict[str, set[str]]:
    """Search the metrics of every service."""
    found: dict[str, set[str]] = {}
    async with httpx.AsyncClient() as client:
        for port in chain.from_iterable(map(stack.ports.of, SERVICES)):
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
            assert answer.status_code == httpx.codes.OK
            found[str(port)] = used.numbers_in(answer.content) | used.names_in(answer.content)
    return {port: names for port, names in found.items() if names}


async def _die(stack: Cluster, name: str) -> str:
    """Have a message with somebody in it become a dead letter; return its event id."""
    event_id = f"broken-{secrets.token_hex(6)}"
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/yizheng/identity",
        "type": "identity.id-registered.v1",
        "time": utc_now().isoformat(),
        "correlationid": "res_nobody",
    }
    cipher = EventCipher.from_file(stack.layout.keys / secrets_file("identity"))
    data = orjson.dumps({"resident_id": 1, "name": name, "address": name})
    event |= cipher.encrypt_data(event_id, "identity.id-registered.v1", data)
    async with await bus_connect(stack.amqp_url, name="stranger") as connection:
        channel = await connection.channel()
        letters = await channel.get_exchange(DEAD_LETTER_EXCHANGE, ensure=False)
        await letters.publish(aio_pika.Message(orjson.dumps(event)), "matcher")
    return event_id


def loss() -> tuple[Fault, ...]:
    """Return the loss of a machine, with the primary and both processes of one service."""
    services = [Fault(Kind.KILL_SERVICE, name) for name in (*(f"{service}-1" for service in SERVICES), "matcher-2")]
    return (*services, Fault(Kind.KILL_BROKER, "broker-1"), Fault(Kind.KILL_PRIMARY, PRIMARY))
