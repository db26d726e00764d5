"""`make bench`: every figure, as a table and as JSON under `build/bench/`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import psutil
import uvloop
from pymongo import AsyncMongoClient

from local_stack.failure import StackError
from local_stack.ports import SERVICES, Ports
from local_stack.stack import Stack
from runtime import garbage
from store.repository import Database, Document
from testkit.vaults import vaulted
from tests.bench.bus import MESSAGES, Bench
from tests.bench.catalogue import catalogue
from tests.bench.credentials import credentials
from tests.bench.departments import LINES, departments
from tests.bench.figures import Figure, in_turns, ratio_of, show
from tests.bench.gateway import doors
from tests.bench.growth import CREDENTIALS, growth
from tests.bench.operations import Workplace
from tests.bench.portal import portal
from tests.bench.rebuild import rebuild
from tests.bench.record import ENTRIES, cost, record
from tests.bench.sealing import sealing
from tests.bench.search import FAILED, search
from tests.bench.trail import EVENTS, trail
from tests.bench.workflow import light_load, rest, workflow

VAR = Path("var") / "bench"
PORT_BASE = 25000
ROUNDS = 3
MEGABYTE = 1_000_000
LARGEST_SERVICE = 90
PARTS = (
    "gateway",
    "bus",
    "workflow",
    "sealing",
    "growth",
    "rebuild",
    "departments",
    "credentials",
    "operations",
    "trail",
    "search",
    "record",
    "record-cost",
    "catalogue",
    "portal",
)


class _Sizes(NamedTuple):
    failures: int
    events: int
    lines: int
    entries: int
    credentials: int
    kept: Path | None


def main() -> int:
    """Take the figures that the command line asks for, all by default."""
    asked = _parser().parse_args()
    try:
        uvloop.run(
            _measure(
                asked.parts or list(PARTS),
                asked.rounds,
                _Sizes(asked.failures, asked.events, asked.lines, asked.entries, asked.credentials, asked.kept),
            )
        )
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _measure(parts: list[str], rounds: int, sizes: _Sizes) -> None:
    var = Path(os.environ.get("YIZHENG_VAR", "") or VAR)
    ports = Ports.from_environment(PORT_BASE)
    shutil.rmtree(var, ignore_errors=True)
    if "growth" in parts:  # of which it is the other half
        parts = [*parts, "rebuild"]
    if "gateway" in parts:
        show("gateway: TLS, limits and headers for answers of 1,000 bytes", await doors(var, ports, rounds))
    if "workflow" in parts:
        begun = perf_counter()
        with Stack(var, port_base=ports.base) as stack:
            ready = Figure("from start to ready", perf_counter() - begun, "s")
            async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
                database, resting = vaulted(client, "bench"), await rest(stack)
                light, memory = await light_load(stack), _memory(stack)
                show(
                    "workflow: over the gateway",
                    [*light, *await workflow(stack, database), ready, *resting, *memory],
                )
    if "sealing" in parts:
        show("sealing: what encryption costs", await sealing(var, ports.base, rounds))
    if "record-cost" in parts:
        with Stack(var, port_base=ports.base) as stack:
            show("record-cost: the workflow with and without", await cost(stack, rounds))
    if "catalogue" in parts:
        show("catalogue: of 432 items, over the gateway", await catalogue(var, ports.base))
    if "portal" in parts:
        show("portal: pages and journeys", await portal(var, ports.base))
    if "operations" in parts:
        await _operations(var, ports.base, rounds)
    await _measure_at_size(parts, rounds, sizes, var, ports)
    if _WITHOUT_SERVICES & set(parts):
        await _measure_parts(parts, rounds, sizes, var, ports)


_WITHOUT_SERVICES = {"bus", "rebuild", "departments", "credentials"}
"""What needs broker and store alone."""


async def _measure_at_size(parts: list[str], rounds: int, sizes: _Sizes, var: Path, ports: Ports) -> None:
    """Take what is asked of very much that is stored; each in a store of its own, which stays where that is said."""

    def folder(name: str) -> Path:
        if sizes.kept is None:
            shutil.rmtree(var, ignore_errors=True)
        return (sizes.kept or var) / name

    if "growth" in parts:
        with Stack(folder("growth"), port_base=ports.base, services=()) as stack:
            show("growth: the same matches among more credentials", await growth(stack, rounds, sizes.credentials))
    if {"trail", "operations"} & set(parts):
        show("trail: one case, and the newest events", await trail(folder("trail"), ports.base, sizes.events))
    if {"search", "operations"} & set(parts):
        show("search: among recorded failures", await search(folder("search"), ports.base, sizes.failures))
    if "record" in parts:
        show("record: who used a resident's data", await record(folder("record"), ports.base, sizes.entries))


async def _measure_parts(parts: list[str], rounds: int, sizes: _Sizes, var: Path, ports: Ports) -> None:
    """Take what needs broker and store alone."""
    with Stack(var, port_base=ports.base, services=()) as stack:
        async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
            database = vaulted(client, "bench")
            if "bus" in parts:
                show(
                    "bus: 5,000 messages of about 900 bytes",
                    await _bus(stack.amqp_url, database, rounds),
                )
            if "departments" in parts:
                figures = await departments(stack.amqp_url, stack.mongodb_url, stack.layout.keys, rounds, sizes.lines)
                show("departments: 5,000 records of about 700 bytes", figures)
            if "credentials" in parts:
                figures = await credentials(stack.amqp_url, stack.mongodb_url, stack.layout.keys, rounds)
                show("credentials: signed and verified", figures)
            if "rebuild" in parts:
                show("rebuild: the evidence, out of its stream", await rebuild(stack))


async def _bus(amqp_url: str, database: Database, rounds: int) -> list[Figure]:
    for name in ("kept", "inbox", "outbox"):
        await database.drop_collection(name)
        await database.create_collection(name)
    bench, unit = Bench(amqp_url, database), "messages/s"
    garbage.settle()  # as a service does when it starts
    alone, raw = await in_turns(bench.ours_alone, bench.raw_alone, rounds)
    again, faststream = await in_turns(bench.ours_alone, bench.faststream, rounds)
    stored, raw_stored = await in_turns(bench.ours_stored, bench.raw_stored, rounds)
    return [
        ratio_of("the bus alone", alone, raw, unit=unit, goal=0.85, against="raw aio-pika loop"),
        ratio_of("the bus alone", again, faststream, unit=unit, goal=1.0, against="FastStream"),
        ratio_of("inbox, state and outbox", stored, raw_stored, unit=unit, goal=0.7, against="the same, issued raw"),
    ]


async def _operations(var: Path, port_base: int, rounds: int) -> None:
    """Take each pair in a store of its own: what one leaves behind would slow the next."""
    letters = f"{MESSAGES:,} dead letters of about 1,000 bytes"
    async with _workplace(var, port_base) as place:
        show(f"letters: {letters}", await place.letters(rounds))
    async with _workplace(var, port_base) as place:
        show(f"replay: {letters}", await place.replays(rounds))
    async with _workplace(var, port_base) as place:
        show(f"bare-replay: {letters}", await place.bare_replays(rounds))


@asynccontextmanager
async def _workplace(var: Path, port_base: int) -> AsyncIterator[Workplace]:
    shutil.rmtree(var, ignore_errors=True)
    with Stack(var, port_base=port_base, services=()) as stack:
        async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
            database = vaulted(client, "bench-bare")
            yield Workplace(stack.amqp_url, stack.mongodb_url, database, stack.layout.keys, stack.layout.var)


def _memory(stack: Stack) -> list[Figure]:
    return [
        Figure(
            f"memory of {name}",
            psutil.Process(stack.pid(name)).memory_info().rss / MEGABYTE,
            "MB",
            against=f"goal: under {LARGEST_SERVICE} MB",
        )
        for name in SERVICES
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed against the yardsticks")
    parser.add_argument("parts", nargs="*", choices=PARTS, help="which figures (default: all)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each pair")
    parser.add_argument("--failures", type=int, default=FAILED, help="recorded failures that are searched")
    parser.add_argument("--lines", type=int, default=LINES, help="lines of the large file that a department hands over")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="entries of the record of accesses")
    parser.add_argument("--credentials", type=int, default=CREDENTIALS, help="credentials of the largest store")
    parser.add_argument("--events", type=int, default=EVENTS, help="events of the trail that one case is read from")
    parser.add_argument(
        "--kept", type=Path, help="a folder in which the stores of these sizes stay, and are asked again the next time"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
