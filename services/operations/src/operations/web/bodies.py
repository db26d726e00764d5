"""A message as it is read: JSON, indented, what is masked marked; whatever was sent can be nothing but text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from operations.domain.masking import MASK

_INDENT = "  "
_MASKED = Markup('<mark title="{hint}">{value}</mark>')
_SHOWN = Markup('<mark class="shown" title="{hint}">{value}</mark>')
_KEY = Markup('<span class="key">{value}</span>')
_TEXT = Markup('<span class="text">{value}</span>')
_OTHER = Markup('<span class="other">{value}</span>')


@dataclass(frozen=True, slots=True)
class Hints:
    """What the marks say when pointed at."""

    masked: str
    shown: str = ""


def pretty(content: object, hints: Hints, masked: object = None) -> Markup:
    """Write JSON for reading. With its masked form beside it, what that hides is marked as personal."""
    return Markup("").join(_lines(content, masked, hints, ""))


def _lines(value: object, masked: object, hints: Hints, indent: str) -> Iterator[Markup]:
    if isinstance(value, Mapping) and value:
        hidden = masked if isinstance(masked, Mapping) else {}
        parts = [(_key(name), part, hidden.get(name)) for name, part in value.items()]
        yield from _nested("{}", parts, hints, indent)
    elif isinstance(value, list) and value:
        seen = masked if isinstance(masked, list) and len(masked) == len(value) else [None] * len(value)
        parts = [(Markup(""), part, other) for part, other in zip(value, seen, strict=True)]
        yield from _nested("[]", parts, hints, indent)
    else:
        yield _leaf(value, masked, hints)


def _nested(ends: str, parts: list[tuple[Markup, object, object]], hints: Hints, indent: str) -> Iterator[Markup]:
    deeper = indent + _INDENT
    yield escape(ends[0])
    for at, (before, part, masked) in enumerate(parts):
        yield escape(("," if at else "") + "\n" + deeper)
        yield before
        yield from _lines(part, masked, hints, deeper)
    yield escape(f"\n{indent}{ends[1]}")


def _key(name: str) -> Markup:
    return _KEY.format(value=json.dumps(name, ensure_ascii=False)) + ": "


def _leaf(value: object, masked: object, hints: Hints) -> Markup:
    if value == MASK:
        return _MASKED.format(hint=hints.masked, value=MASK)
    told = json.dumps(value, ensure_ascii=False)
    if masked == MASK:
        return _SHOWN.format(hint=hints.shown, value=told)
    return (_TEXT if isinstance(value, str) else _OTHER).format(value=told)
