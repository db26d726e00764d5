"""Which events there are: our own, as their publishers' models say, and those that others send us."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from bus.consumer import Subscription
from bus.event import Event, Reply

CONTRACTS = Path(__file__).resolve().parents[2] / "shared" / "contracts"
EVENTS = CONTRACTS / "events"
SERVICES = ("identity", "applications", "matcher", "review_dispatch", "credential_store", "operations", "data_rights")
FROM_OUTSIDE = (
    "city.city-record-published.v1",
    "city.city-record-withdrawn.v1",
    "city.city-record-published.v2",
    "city.city-record-withdrawn.v2",
    "department.department-record-published.v1",
    "department.department-record-withdrawn.v1",
    "department.department-record-published.v2",
    "department.department-record-withdrawn.v2",
)
"""`department` stands for each department's code. Their schemas are written by hand: nobody here publishes them."""

Schema = dict[str, Any]


def own_events() -> dict[str, type[Event]]:
    """Return every event that a service of ours publishes, by its type."""
    events: dict[str, type[Event]] = {}
    for service in SERVICES:
        module = import_module(f"{service}.events")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Event) and "type" in vars(found):
                events[found.type] = found
    return events


def replies() -> set[str]:
    """Return the types that are answers to a department's system, told to that one alone."""
    return {event_type for event_type, event in own_events().items() if issubclass(event, Reply)}


def all_types() -> list[str]:
    """Return every event type of today."""
    return sorted([*own_events(), *FROM_OUTSIDE])


def subscriptions() -> list[tuple[str, Subscription[Any]]]:
    """Return every line of every service's table, with the service's name."""
    return [
        (service.replace("_", "-"), subscription)
        for service in SERVICES
        for subscription in getattr(import_module(f"{service}.subscriptions"), "SUBSCRIPTIONS", ())
    ]


def heard(pattern: str) -> str:
    """Return the contract that a subscription's pattern stands for."""
    return pattern.replace("*.", "department.", 1)


def schema_of(event: type[Event]) -> Schema:
    """Return the JSON Schema of an event's data as its publisher's model generates it."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:yizheng:{event.type}", **schema}


def schema_file(event_type: str, folder: Path = EVENTS) -> Path:
    """Return where the schema of an event's data stands."""
    return folder / f"{event_type}.schema.json"


def example_file(event_type: str, folder: Path = EVENTS) -> Path:
    """Return where the first example of a whole message stands; there is always one."""
    return folder / f"{event_type}.example.json"


def examples(event_type: str, folder: Path = EVENTS) -> list[Path]:
    """Return all its examples: the first, then those that show what else it may look like."""
    first = example_file(event_type, folder)
    return [path for path in (first, *sorted(folder.glob(f"{event_type}.example-*.json"))) if path.exists()]


def read(path: Path) -> Schema:
    """Read a JSON file."""
    loaded: Schema = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def written(content: Schema) -> str:
    """Return JSON as people read it."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def write(path: Path, content: Schema) -> None:
    """Write a JSON file as people read it."""
    path.write_text(written(content), encoding="utf-8")
