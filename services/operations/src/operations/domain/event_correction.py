"""Making the edited event: what is masked comes back from the original, and the whole is checked by its contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operations.domain.contracts import Contracts
from operations.domain.diff import escaped
from operations.domain.event_masks import MASK
from operations.domain.faults import contract_faults
from runtime.errors import Refusal, Refusals

Event = Mapping[str, object]

KEPT = ("specversion", "source", "type", "time", "correlationid", "causationid")
"""Attributes that an edit of a readable event may not change: it is still that publisher's event."""

_MOST_FAULTS = 20
_MISSING = object()


@dataclass(frozen=True, slots=True)
class EventCorrection:
    """An edited event, complete and sound but for the id that it gets."""

    event: Event
    event_type: str
    replaces: str


def restore(edited: object, original: object, path: str = "") -> object:
    """Put the original's values where the edit shows a placeholder; a renamed member keeps its own.

    Raises Refusal naming the place without one.
    """
    if edited == MASK:
        if original is _MISSING or original is None:
            raise Refusal("placeholder-without-original", field=path or "/")
        return original
    if isinstance(edited, dict):
        known = original if isinstance(original, dict) else {}
        moved = _renamed(edited, known)
        return {
            name: restore(value, known.get(moved.get(name, name), _MISSING), f"{path}/{escaped(name)}")
            for name, value in edited.items()
        }
    if isinstance(edited, list):
        return _restore_list(edited, original, path)
    return edited


def _renamed(edited: Event, original: Event) -> Mapping[str, str]:
    """Return the old name of a renamed member, where just one went and just one came: it takes its value along."""
    came = [name for name in edited if name not in original]
    went = [name for name in original if name not in edited]
    return {came[0]: went[0]} if len(came) == len(went) == 1 else {}


def correct_data(original: Event, data: object, contracts: Contracts) -> EventCorrection:
    """Return the event with other data. Raises Refusal, one for each fault."""
    restored = restore(data, original.get("data"), "/data")
    return _checked({**original, "data": restored}, original, contracts)


def correct_body(original: Event | None, body: object, contracts: Contracts, *, is_sound: bool) -> EventCorrection:
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


def _checked(event: Event, original: Event | None, contracts: Contracts) -> EventCorrection:
    event_type = event.get("type")
    schema = contracts.of(event_type) if isinstance(event_type, str) else None
    if schema is None or not isinstance(event_type, str):
        raise Refusal("schema-unknown", field="/type", type=str(event_type))
    faults = contract_faults(event.get("data"), schema)[:_MOST_FAULTS]
    if faults:
        raise Refusals([Refusal("edit-breaks-schema", field=fault.pointer, rule=fault.text) for fault in faults])
    replaced = (original or event).get("id")
    return EventCorrection(event, event_type, replaced if isinstance(replaced, str) else "")
