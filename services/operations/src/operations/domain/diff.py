"""What an edit changes: the paths, and a unified diff that shows nothing personal."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from operations.domain.contracts import Contracts
from operations.domain.event_masks import MASK, mask_event

CHANGED = f"{MASK} *"
"""Stands for a personal value that the edit changes, as both versions of it are hidden alike."""

_ABSENT = object()


class Diff(BaseModel):
    """A unified diff of the masked events, line by line, and the JSON pointers of all that is different."""

    model_config = ConfigDict(frozen=True)

    lines: tuple[str, ...]
    changed: tuple[str, ...]


def compare(original: object, edited: object, contracts: Contracts) -> Diff:
    """Compare two events. Raises nothing: what is no JSON object is compared as what it is."""
    changed = tuple(differences(original, edited))
    before, after = mask_event(original, contracts), mask_event(edited, contracts)
    told = _tell_changed(before, after, frozenset(changed), "")
    lines = difflib.unified_diff(_pretty(before), _pretty(told), "original", "edited", lineterm="")
    return Diff(lines=tuple(lines), changed=changed)


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Return the JSON pointers at which two values differ, the deepest that tell it all."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in (*before, *(name for name in after if name not in before)):
            yield from differences(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{path}/{escaped(name)}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}/{index}")
    elif type(before) is not type(after) or before != after:
        yield path


def escaped(name: str) -> str:
    """Write a property's name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _tell_changed(before: object, after: object, changed: frozenset[str], path: str) -> object:
    """Mark every hidden value that is another one than before."""
    if isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        return {
            name: _tell_changed(old.get(name), value, changed, f"{path}/{escaped(name)}")
            for name, value in after.items()
        }
    if isinstance(after, list):
        items = before if isinstance(before, list) and len(before) == len(after) else [None] * len(after)
        pairs = enumerate(zip(items, after, strict=True))
        return [_tell_changed(old, value, changed, f"{path}/{index}") for index, (old, value) in pairs]
    return CHANGED if after == MASK and before == MASK and path in changed else after


def _pretty(event: object) -> list[str]:
    return json.dumps(event, ensure_ascii=False, indent=2).splitlines()
