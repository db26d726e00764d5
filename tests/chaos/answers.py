"""What the gateway answered, from its own log: which service gave no answer, or said that it can't just now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

BAD = frozenset({401, 500, 502, 503, 504})
"""What nobody gets who asks a healthy system with a good token."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad answer: of which service, which, and when (seconds since 1970, whole ones)."""

    service: str
    status: int
    at: float


def bad_answers(log: Iterable[str], service_of: Mapping[int, str]) -> list[Bad]:
    """Read the bad answers from the gateway's log; `service_of` says which service has a port."""
    return list(_read(log, service_of))


def counted(found: Iterable[Bad], begin: float, end: float) -> Counter[tuple[str, int]]:
    """Count the bad answers of a time by service and status."""
    return Counter((each.service, each.status) for each in found if int(begin) <= each.at < end)


def told(counts: Mapping[tuple[str, int], int]) -> str:
    """Say them in a few words: 12 × 503 matcher."""
    return ", ".join(f"{count} × {status} {service}" for (service, status), count in sorted(counts.items()))


def _read(log: Iterable[str], service_of: Mapping[int, str]) -> Iterator[Bad]:
    for line in log:
        if not line.startswith("{"):
            continue
        entry = orjson.loads(line)
        if entry["status"] in BAD:
            at = datetime.fromisoformat(entry["time"]).timestamp()
            yield Bad(_service(entry["upstream"], service_of), entry["status"], at)


def _service(upstream: str, service_of: Mapping[int, str]) -> str:
    """Name the service that was asked last: nginx tells every address, or the service's name where none was left."""
    last = upstream.replace(":", " ").replace(",", " ").split()[-1] if upstream.strip() else ""
    return service_of.get(int(last), last) if last.isdecimal() else last
