"""A message as it is read: JSON, indented, what is masked marked; whatever was sent can be nothing but text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from markupsafe import Markup, escape

from operations.domain.diff import escaped
from operations.domain.event_masks import MASK

_INDENT = "  "
_MASKED = Markup('<mark title="{hint}">{value}</mark>')
_SHOWN = Markup('<mark class="shown" title="{hint}">{value}</mark>')
_KEY = Markup('<span class="key">{value}</span>')
_TEXT = Markup('<span class="text">{value}</span>')
_NOTHING = Markup("")
_FAULT = Markup('<span class="fault" id="{id}">{line}<span class="why"> ← {hint}</span></span>')
_OTHER = Markup('<span class="other">{value}</span>')


@dataclass(frozen=True, slots=True)
class Hints:
    """What the marks say when pointed at; and by JSON pointer, what is said beside a line that is wrong."""

    masked: str
    shown: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)


def pretty(content: object, hints: Hints, masked: object = None) -> Markup:
    """Write JSON for reading. With its masked form beside it, what that hides is marked as personal."""
    return Markup("").join(_lines(_Part("", content, masked), hints, "", ""))


def marked(text: str, line: int, hint: str) -> Markup:
    """Write a text with one of its lines (from 1) marked as wrong."""
    lines = [escape(each) for each in text.split("\n")]
    if line <= len(lines):
        lines[line - 1] = _FAULT.format(id=fault_id(""), line=lines[line - 1], hint=hint)
    return Markup("\n").join(lines)


def fault_id(pointer: str) -> str:
    """Return the anchor of the line at a place."""
    return "at" + quote(pointer, safe="")


@dataclass(frozen=True, slots=True)
class _Part:
    """A value at its place (JSON pointer), with its masked form and what stands before it."""

    path: str
    value: object
    masked: object
    key: Markup = _NOTHING


def _lines(part: _Part, hints: Hints, indent: str, comma: str) -> Iterator[Markup]:
    value, told = part.value, hints.faults.get(part.path)
    parts = list(_inside(part))
    ends = "{}" if isinstance(value, Mapping) else "[]"
    first = part.key + (escape(ends[0]) if parts else _leaf(value, part.masked, hints) + comma)
    yield first if told is None else _FAULT.format(id=fault_id(part.path), line=first, hint=told)
    deeper = indent + _INDENT
    for at, each in enumerate(parts, start=1):
        yield escape(f"\n{deeper}")
        yield from _lines(each, hints, deeper, "," if at < len(parts) else "")
    if parts:
        yield escape(f"\n{indent}{ends[1]}{comma}")


def _inside(part: _Part) -> Iterator[_Part]:
    value, masked = part.value, part.masked
    if isinstance(value, Mapping):
        hidden = masked if isinstance(masked, Mapping) else {}
        for name, each in value.items():
            yield _Part(f"{part.path}/{escaped(name)}", each, hidden.get(name), _key(name))
    elif isinstance(value, list):
        seen = masked if isinstance(masked, list) and len(masked) == len(value) else [None] * len(value)
        for at, (each, other) in enumerate(zip(value, seen, strict=True)):
            yield _Part(f"{part.path}/{at}", each, other)


def _key(name: str) -> Markup:
    return _KEY.format(value=json.dumps(name, ensure_ascii=False)) + ": "


def _leaf(value: object, masked: object, hints: Hints) -> Markup:
    if value == MASK:
        return _MASKED.format(hint=hints.masked, value=MASK)
    told = json.dumps(value, ensure_ascii=False)
    if masked == MASK:
        return _SHOWN.format(hint=hints.shown, value=told)
    return (_TEXT if isinstance(value, str) else _OTHER).format(value=told)
