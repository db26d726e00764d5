"""The messages of the AsyncAPI document: the envelope, what is in it, and the examples."""

from __future__ import annotations

from typing import Any

from tests.contract.catalogue import catalogue, name_of, publisher_of, version_of, versions
from tests.contract.published import CONTRACTS, Schema, examples, read, schema_file
from tests.contract.reference import summary

_OWN_TO_A_FILE = ("$schema", "$id", "$defs")


def cloud_event() -> Schema:
    """Return the schema of the envelope."""
    return _lifted(read(CONTRACTS / "envelope.schema.json"), "")


def payload_schemas(event_type: str) -> dict[str, Schema]:
    """Return the schema of an event's data and of its pieces, by the names that they have in the document."""
    schema = read(schema_file(event_type))
    pieces = {f"{event_type}.{name}": _lifted(piece, event_type) for name, piece in schema.get("$defs", {}).items()}
    return {event_type: _lifted(schema, event_type), **pieces}


def message(event_type: str) -> dict[str, Any]:
    """Return the whole message: what it says, the envelope around its data, and all examples."""
    name, schema = name_of(event_type), read(schema_file(event_type))
    said: dict[str, Any] = {
        "name": event_type,
        "title": f"{schema['title']} {catalogue().events[name].zh}",
        "summary": summary(schema),
        "description": schema["description"],
        "tags": [{"name": publisher_of(event_type)}],
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": _payload(event_type),
        "examples": [{"name": path.name, "payload": read(path)} for path in examples(event_type)],
    }
    newest = versions(event_type)[-1]
    if newest != event_type:
        said["x-deprecated"] = f"{version_of(newest)} is published beside it"
    return said


def _payload(event_type: str) -> Schema:
    publisher, _, rest = event_type.partition(".")
    type_: Schema = {"const": event_type}
    if publisher == "department":
        type_ = {"pattern": "^[a-z][a-z-]*\\." + rest.replace(".", "\\.") + "$"}
    own = {"type": "object", "properties": {"type": type_, "data": {"$ref": f"#/components/schemas/{event_type}"}}}
    return {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, own]}


def _lifted(schema: Schema, event_type: str) -> Schema:
    """Lift a schema out of its file: its pieces stand beside it, under the event's name."""
    kept = {key: value for key, value in schema.items() if key not in _OWN_TO_A_FILE}
    lifted = _refs(kept, event_type)
    return lifted if isinstance(lifted, dict) else {}


def _refs(value: object, event_type: str) -> object:
    """Point references at where the pieces stand; beside one, texts are kept by wrapping it."""
    if isinstance(value, list):
        return [_refs(each, event_type) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _refs(each, event_type) for key, each in value.items() if key != "$ref"}
    if "$ref" not in value:
        return inner
    target = {"$ref": f"#/components/schemas/{event_type}.{value['$ref'].rpartition('/')[2]}"}
    return {**inner, "allOf": [target]} if inner else target
