"""Blind indexes in documents: encrypted in the store so that equal ones stay equal, as they are everywhere else.

Bytes are an encrypted index, a text is one in clear that an earlier release stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from store.sealed_fields import Fields, Sealer


def as_stored(asked: Any, sealer: Sealer, *, in_clear: bool) -> Any:  # noqa: ANN401 - as the store understands it
    """Ask for an index, or for some (`$in`), as the store has it; also `in_clear`, as earlier releases stored it."""
    some = asked.get("$in") if isinstance(asked, Mapping) else [asked] if isinstance(asked, str) else None
    if some is None:
        return asked
    encrypted = [sealer.encrypt_index(index) if index else index for index in some]
    return {"$in": [*encrypted, *some] if in_clear else encrypted}


def encrypt_indexes(document: Fields, paths: Iterable[str], sealer: Sealer) -> None:
    """Encrypt the indexes at these dotted paths of a document, in place."""
    for holder, name in _places(document, paths):
        if isinstance(holder[name], str) and holder[name]:
            holder[name] = sealer.encrypt_index(holder[name])


def decrypt_indexes(document: Fields, paths: Iterable[str], sealer: Sealer) -> None:
    """Decrypt the indexes at these dotted paths of a document, in place; those in clear stay."""
    for holder, name in _places(document, paths):
        if isinstance(holder[name], bytes):
            holder[name] = sealer.decrypt_index(holder[name])


def _places(document: Fields, paths: Iterable[str]) -> Iterator[tuple[Fields, str]]:
    """Return where in a document these paths lead to something."""
    for path in paths:
        yield from _at(document, path)


def _at(holder: Any, path: str) -> Iterator[tuple[Fields, str]]:  # noqa: ANN401 - documents hold anything
    if isinstance(holder, list | tuple):
        for each in holder:
            yield from _at(each, path)
    name, _, rest = path.partition(".")
    if isinstance(holder, dict) and name in holder:
        if rest:
            yield from _at(holder[name], rest)
        else:
            yield holder, name
