"""Which events there are: our own, as their publishers' models say, and those that others send us."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from messaging.event import Event

CONTRACTS = Path(__file__).resolve().parents[2] / "shared" / "contracts"
EVENTS = CONTRACTS / "events"
SERVICES = ("identity", "applications", "matcher", "review_dispatch", "credential_store")
FROM_OUTSIDE = (
    "city.city-record-published.v1",
    "city.city-record-withdrawn.v1",
    "department.department-record-published.v1",
    "department.department-record-withdrawn.v1",
)
"""`department` stands for each department's code. Their schemas are written by hand: nobody here publishes them."""

Schema = dict[str, Any]


def own_events() -> dict[str, type[Event]]:
    """Return every event that a service of ours publishes, by its type."""
    events: dict[str, type[Event]] = {}
    for service in SERVICES:
        module = import_module(f"{service}.published")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Event) and "type" in vars(found):
                events[found.type] = found
    return events


def schema_of(event: type[Event]) -> Schema:
    """Return the JSON Schema of an event's data as its publisher's model generates it."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:yizheng:{event.type}", **schema}


def schema_file(event_type: str) -> Path:
    """Return where the released schema of an event's data stands."""
    return EVENTS / f"{event_type}.schema.json"


def example_file(event_type: str) -> Path:
    """Return where an example of a whole message stands."""
    return EVENTS / f"{event_type}.example.json"


def read(path: Path) -> Schema:
    """Read a JSON file."""
    loaded: Schema = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def write(path: Path, content: Schema) -> None:
    """Write a JSON file as people read it."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
