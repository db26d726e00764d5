"""The trail at size: one case, and the newest events, among very many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from bus.event_encryption import EventCipher, secrets_file
from bus.topology import OPERATIONS
from local_stack.layout import ROOT
from local_stack.stack import Stack
from operations.domain.trail import Recorded, place_of
from operations.store.trail import INDEXES, TRAIL, TrailStore
from runtime.clock import utc_now
from tests.bench.at_size import LOOKS, fill, filling, pages
from tests.bench.figures import Figure

EVENTS = 100_000
"""Events by default, as many as are stored within minutes; the goal is for 10 million (--events)."""
GOAL = 100.0
"""Milliseconds: p95 of one case, and of a page of events."""
DAYS = 80
"""Over which the events came; the trail keeps 90."""
SEED = 1
RARE = "identity.id-suspended.v1"
RARE_EVERY = 100_003
FILLER = b"{" + b" " * 600 + b"}"
"""What is kept of an event that nobody opens: as long as half of them are, encrypted and signed."""

_CONTRACTS = ROOT / "shared" / "contracts" / "events"
_TYPES = (
    "applications.application-submitted.v1",
    "applications.document-submitted.v2",
    "matcher.match-failed.v2",
    "matcher.match-succeeded.v2",
    "review-dispatch.review-requested.v1",
    "review-dispatch.task-claimed.v1",
    "review-dispatch.data-accessed.v1",
    "review-dispatch.review-returned.v1",
    "applications.application-returned.v1",
    "applications.document-submitted.v2",
    "matcher.match-failed.v2",
    "review-dispatch.review-requested.v1",
    "review-dispatch.task-claimed.v1",
    "review-dispatch.review-approved.v2",
    "credential-store.credential-stored.v1",
    "matcher.holdings-changed.v1",
    "applications.field-check-requested.v1",
    "review-dispatch.field-check-passed.v1",
    "applications.application-approved.v1",
    "credential-store.credential-stored.v1",
)
"""The events of one case, in order."""


async def trail(var: Path, port_base: int, size: int) -> list[Figure]:
    """Store events of many cases at the same time, each case's far from one another; read some cases, over HTTP."""
    cases = max(1, size // len(_TYPES))
    chosen = random.Random(SEED).sample(range(cases), min(LOOKS, cases))
    with Stack(var, port_base=port_base, services=()) as stack:
        events = _events(size, cases, set(chosen), stack.layout.keys)
        async with filling(stack, OPERATIONS) as database:
            took = await fill(database, TRAIL, INDEXES[TRAIL], size, events, TrailStore(database).record)
    with Stack(var, port_base=port_base, services=(OPERATIONS,)) as stack:
        token, device = stack.token("operator", subject="op-bench"), stack.device("op-bench")
        among = f"among {size:,} events"
        ways = {
            f"trail of one case {among}": [f"/v1/trails/{_case(case)}" for case in chosen],
            f"newest events {among}": ["/v1/trails"] * LOOKS,
            f"newest of a rare type {among}": [f"/v1/trails?type={RARE}"] * LOOKS,
            f"newest of one publisher {among}": ["/v1/trails?publisher=credential-store"] * LOOKS,
        }
        figures = [Figure(f"storing {size:,} events", took, "s", against="0: they were kept")]
        for name, paths in ways.items():
            figures += await pages(stack, name, [(path, token) for path in paths], GOAL, device)
        return figures


def _events(size: int, cases: int, chosen: set[int], keys: Path) -> Iterator[Recorded]:
    """Yield events of all cases in turns; those of the cases that are read say what the released examples say."""
    began, step = utc_now() - timedelta(days=DAYS), timedelta(days=DAYS) / size
    cipher = EventCipher.from_file(keys / secrets_file(OPERATIONS))
    for number in range(size):
        case, at = number % cases, began + number * step
        type_ = RARE if number % RARE_EVERY == RARE_EVERY // 2 else _TYPES[number // cases % len(_TYPES)]
        body = _body(number, case, type_, cipher) if case in chosen else FILLER
        publisher = type_.partition(".")[0]
        yield Recorded(
            id=_id(number),
            type=type_,
            source=f"/yizheng/{publisher}",
            case=_case(case),
            time=at,
            place=place_of(at),
            cause=_id(number - cases) if number >= cases else None,
            publisher=publisher,
            routing_key=type_,
            body=body,
            digest="0" * 64,
        )


def _body(number: int, case: int, type_: str, cipher: EventCipher) -> bytes:
    said: dict[str, Any] = orjson.loads((_CONTRACTS / f"{type_}.example.json").read_bytes())
    return orjson.dumps(cipher.encrypted_event({**said, "id": _id(number), "correlationid": _case(case)}))


def _id(number: int) -> str:
    return f"evt_{number:026d}"


def _case(number: int) -> str:
    return f"app_{number:026d}"
