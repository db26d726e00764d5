"""Canonical JSON (RFC 8785): one spelling for each content, so that a hash of it can be made again by anybody.

Only what we put in has to be spelt: no floating-point numbers, and whole numbers that every JSON reader keeps exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

_EXACT = 2**53 - 1


def spell(value: Json) -> bytes:
    """Return the canonical UTF-8 text. Raises ValueError for what has none here."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal. Raises ValueError."""
    return sha256(spell(value)).hexdigest()


def _ordered(value: Json) -> object:
    """Return the value with names in the order of their UTF-16 code units, as the RFC asks."""
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int) and abs(value) <= _EXACT:
        return value
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_ordered(each) for each in value]
    message = f"has no canonical spelling: {type(value).__name__}"
    raise ValueError(message)
