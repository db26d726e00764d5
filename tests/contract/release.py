"""`make release-contracts`: keep today's schemas and examples as released. From then on they only change compatibly.

What is released is never edited by hand: `SHA256SUMS` beside it tells. Examples only accumulate: one that was released
stays, since messages like it were sent and may come back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.contract.catalogue import catalogue, readers
from tests.contract.compatibility import Breach, breaches
from tests.contract.published import CONTRACTS, EVENTS, all_types, examples, read, schema_file

RELEASED = CONTRACTS / "released"
SUMS = "SHA256SUMS"


def main() -> int:
    """Release; 1 and nothing written when something changed incompatibly."""
    found = release(all_types())
    for breach in found:
        print(breach, file=sys.stderr)
    return 1 if found else 0


def release(event_types: Sequence[str], events: Path = EVENTS, released: Path = RELEASED) -> list[Breach]:
    """Keep these events as they stand today; return the breaches instead, and keep nothing, where there are any."""
    if found := all_breaches(events, released):
        return found
    released.mkdir(exist_ok=True)
    for event_type in event_types:
        _keep(schema_file(event_type, events), schema_file(event_type, released))
        _keep_examples(event_type, events, released)
    (released / SUMS).write_text(sums(released), encoding="utf-8")
    return []


def released_types() -> list[str]:
    """Return every event type that was ever released."""
    return sorted(path.name.removesuffix(".schema.json") for path in RELEASED.glob("*.schema.json"))


def all_breaches(events: Path = EVENTS, released: Path = RELEASED) -> list[Breach]:
    """Return every incompatible change since the release, in all events."""
    found: list[Breach] = []
    for path in sorted(released.glob("*.schema.json")):
        event_type, today = path.name.removesuffix(".schema.json"), events / path.name
        if today.exists():
            found += breaches(event_type, read(path), read(today))
        elif not may_go(event_type):
            what = "its schema is no longer among today's; retire it in catalogue.yaml once nobody reads it"
            found.append(Breach(event_type, "", "event-gone", what))
    return found


def may_go(event_type: str) -> bool:
    """Tell whether an event was retired: said so in the catalogue, and no service reads it any more."""
    return catalogue().is_retired(event_type) and not readers(event_type)


def sums(released: Path = RELEASED) -> str:
    """Return the digests of all that is released, as `sha256sum` writes them."""
    paths = sorted(released.glob("*.json"))
    return "".join(f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)


def _keep(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.write_bytes(source.read_bytes())
        print(f"released: {target.name}")


def _keep_examples(event_type: str, events: Path, released: Path) -> None:
    """Keep each of today's examples that is not among the released ones, under the next free name."""
    kept = {path.read_bytes() for path in examples(event_type, released)}
    for path in examples(event_type, events):
        if path.read_bytes() in kept:
            continue
        number = len(examples(event_type, released)) + 1
        _keep(path, released / f"{event_type}.example{'' if number == 1 else f'-{number}'}.json")


if __name__ == "__main__":
    raise SystemExit(main())
