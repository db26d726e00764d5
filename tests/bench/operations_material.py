"""What the figures of operations are taken with: events, dead letters, a topology of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pamqp.common import FieldValue

from bus.batch_consumer import RawMessage
from bus.event import View
from bus.topology import dead_letters_of
from local_stack.layout import ROOT
from testkit.signers import signer

SERVICE = "bench-reviewer"
TYPE = "matcher.match-failed.v2"
CASE_EVENTS = 20
"""Events of one case."""
DOCUMENTS = ("id-card", "household-register", "birth-certificate", "property-certificate", "bank-account")
FAULTS = ("ValueError", "KeyError", "TimeoutError", "ConnectionError")
FRAMES = 25
BURST = 25
"""What fails, fails many times in a row."""

_EXAMPLE = ROOT / "shared" / "contracts" / "events" / f"{TYPE}.example.json"
_TOPOLOGY = f"""exchange = "bench-operations"
[trail]
queue = "bench-operations.trail"
max_age = "1h"
max_bytes = 400_000_000
readers = ["operations"]
[retry]
delays = [60]
[subscriptions]
"{TYPE}" = ["{SERVICE}"]
"applications.data-erased.v1" = ["operations"]
"data-rights.export-requested.v1" = ["operations"]
"""


class Heard(View):
    """What the service that gets the messages back reads of them."""

    application_id: str


def written_topology(folder: Path) -> Path:
    """Write the topology of the bench."""
    path = folder / "topology.toml"
    path.write_text(_TOPOLOGY, encoding="utf-8")
    return path


@cache
def _example() -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(_EXAMPLE.read_bytes())
    return loaded


def case_of(number: int) -> str:
    """Return the case of an event."""
    return f"app_{number // CASE_EVENTS:026d}"


def id_of(number: int) -> str:
    """Return the id of an event."""
    return f"e{number:012d}"


def letter(number: int, at: datetime | None = None) -> bytes:
    """Return an event like the released example, of a person and a case of its own number."""
    event = _example()
    document = {
        **event["data"]["documents"][0],
        "document_type": DOCUMENTS[number % len(DOCUMENTS)],
        "claims": {"child_name": f"李{number}", "certificate_number": f"R{number:09d}"},
    }
    data = {**event["data"], "application_id": case_of(number), "documents": [document]}
    cause = id_of(number - 1) if number % CASE_EVENTS else None
    named = {
        "id": id_of(number),
        "correlationid": case_of(number),
        "time": (at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "data": data,
    }
    return signer("matcher").sign(orjson.dumps({**event, **named, **({"causationid": cause} if cause else {})}))


def letter_headers(number: int, at: datetime | None = None) -> dict[str, FieldValue]:
    """Return the headers of its dead letter, as the bus writes them."""
    exception, frame = FAULTS[number % len(FAULTS)], f"reviewer/handlers/requests.py request_{number % FRAMES}"
    return {
        "x-reason": "handler-failed",
        "x-service": SERVICE,
        "x-handler": "request_reviews",
        "x-path": "",
        "x-rule": "",
        "x-exception": exception,
        "x-frame": frame,
        "x-message": f"no community has the number {number % 5000}",
        "x-event-type": TYPE,
        "x-event-id": id_of(number),
        "x-case": case_of(number),
        "x-failed-at": (at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "x-attempts": 15,
        "x-stack": f'Traceback (most recent call last):\n  File "{frame}", line 7\n{exception}: no community\n' * 8,
    }


def raw_letter(number: int, size: int) -> RawMessage:
    """Return a dead letter as the intake gets it: the first of `size` of 30 days ago, the last of now, in bursts."""
    burst = number // BURST * BURST
    at = datetime.now(UTC) - timedelta(days=30) * (1 - burst / size) + timedelta(milliseconds=20 * (number - burst))
    return RawMessage(
        body=letter(number, at),
        headers=letter_headers(number, at),
        message_id=f"letter-{number}",
        exchange="dead-letters",
        routing_key=SERVICE,
        queue=dead_letters_of(SERVICE),
        offset=None,
        redelivered=False,
        timestamp=None,
    )
