"""Making the edited event: what is masked comes back from the original, and the whole is checked by its contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from operations.domain.contracts import Contracts, Schema
from operations.domain.diff import escaped
from operations.domain.masking import MASK
from runtime.refusal import Refusal, Refusals

Event = Mapping[str, object]

KEPT = ("specversion", "source", "type", "time", "correlationid", "causationid")
"""Attributes that an edit of a readable event may not change: it is still that publisher's event."""

_LONGEST_EXPECTATION = 120
_MOST_FAULTS = 20
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Correction:
    """An edited event, complete and sound but for the id that it gets."""

    event: Event
    event_type: str
    replaces: str


def restore(edited: object, original: object, path: str = "") -> object:
    """Put the original's values where the edit shows a placeholder. Raises Refusal naming the place without one."""
    if edited == MASK:
        if original is _MISSING or original is None:
            raise Refusal("placeholder-without-original", field=path or "/")
        return original
    if isinstance(edited, dict):
        known = original if isinstance(original, dict) else {}
        return {
            name: restore(value, known.get(name, _MISSING), f"{path}/{escaped(name)}") for name, value in edited.items()
        }
    if isinstance(edited, list):
        return _restore_list(edited, original, path)
    return edited


def correct_data(original: Event, data: object, contracts: Contracts) -> Correction:
    """Return the event with other data. Raises Refusal, one for each fault."""
    restored = restore(data, original.get("data"), "/data")
    return _checked({**original, "data": restored}, original, contracts)


def correct_body(original: Event | None, body: object, contracts: Contracts, *, is_sound: bool) -> Correction:
    """Return a whole event in the place of one, or of what was none. Raises Refusal, Refusals for several faults.

    `is_sound` tells that the original's envelope could be read: then only its data may be wrong, or a type that
    nobody promised.
    """
    if not isinstance(body, dict):
        raise Refusal("edit-is-no-event", field="body")
    restored = restore(body, original if original is not None else _MISSING)
    assert isinstance(restored, dict)  # noqa: S101 - an object stays one
    if is_sound and original is not None and (faults := _foreign(restored, original, contracts)):
        raise Refusals(faults)
    return _checked(restored, original, contracts)


def _restore_list(edited: list[object], original: object, path: str) -> list[object]:
    """Where items came or went, a placeholder could mean another one than was seen: values must be given instead."""
    known = original if isinstance(original, list) else []
    if len(known) != len(edited) and _has_placeholder(edited):
        raise Refusal("placeholder-in-changed-list", field=path)
    olds = known if len(known) == len(edited) else [_MISSING] * len(edited)
    return [restore(value, old, f"{path}/{index}") for index, (value, old) in enumerate(zip(edited, olds, strict=True))]


def _has_placeholder(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_placeholder, value.values()))
    if isinstance(value, list):
        return any(map(_has_placeholder, value))
    return value == MASK


def _foreign(edited: Event, original: Event, contracts: Contracts) -> list[Refusal]:
    """Name what an edit may not touch: who said it, when, and what it belongs to."""
    promised = contracts.of(str(original.get("type"))) is not None
    kept = [name for name in KEPT if name != "type" or promised]
    changed = [name for name in kept if edited.get(name) != original.get(name)]
    return [Refusal("attribute-kept", field=f"/{name}") for name in changed]


def _checked(event: Event, original: Event | None, contracts: Contracts) -> Correction:
    event_type = event.get("type")
    schema = contracts.of(event_type) if isinstance(event_type, str) else None
    if schema is None or not isinstance(event_type, str):
        raise Refusal("schema-unknown", field="/type", type=str(event_type))
    faults = list(_faults(_errors(event, schema)))
    if faults:
        raise Refusals(faults)
    replaced = (original or event).get("id")
    return Correction(event, event_type, replaced if isinstance(replaced, str) else "")


def errors_in(event: Event, contracts: Contracts) -> list[ValidationError]:
    """Return everything in which an event's data breaks its contract, by place; nothing without a contract."""
    event_type = event.get("type")
    schema = contracts.of(event_type) if isinstance(event_type, str) else None
    return _errors(event, schema) if schema is not None else []


def _validator(schema: Schema) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _errors(event: Event, schema: Schema) -> list[ValidationError]:
    return sorted(_validator(schema).iter_errors(event.get("data")), key=lambda error: error.json_path)


def _faults(found: Iterable[ValidationError]) -> Iterator[Refusal]:
    """Say of each fault where it is and what is expected there; never what is there, which may be personal."""
    told = dict.fromkeys((_pointer(error), _expectation(error)) for error in found)  # all missing fields are one fault
    for pointer, rule in list(told)[:_MOST_FAULTS]:
        yield Refusal("edit-breaks-schema", field=pointer, rule=rule)


def _pointer(error: ValidationError) -> str:
    return "".join(("/data", *(f"/{escaped(str(step))}" for step in error.absolute_path)))


def _expectation(error: ValidationError) -> str:
    """Tell the rule; of `required` and `additionalProperties` the names of the fields that it is about."""
    present = error.instance if isinstance(error.instance, dict) else {}
    expected, schema = error.validator_value, error.schema
    if error.validator == "required" and isinstance(expected, list):
        return f"required: {', '.join(str(name) for name in expected if name not in present)}"
    if error.validator == "additionalProperties" and isinstance(schema, Mapping):
        unknown = [name for name in present if name not in schema.get("properties", {})]
        return f"not known: {', '.join(unknown)}"[:_LONGEST_EXPECTATION]
    return f"{error.validator}: {expected}"[:_LONGEST_EXPECTATION]
