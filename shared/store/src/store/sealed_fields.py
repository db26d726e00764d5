"""Personal fields and blind indexes on their way into a document and out of it again.

What describes a person is taken out, and stands in one field of each document, `sealed`, encrypted as one value. Blind
indexes stay where they are, encrypted so that equal ones stay equal: bytes are an encrypted index, a text is one in
clear that an earlier release stored. Everything else stays as it is, so that queries and indexes work on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Fields = dict[str, Any]

SEALED = "sealed"
"""The one name that a sealed value has in every collection: the rotation of keys finds it by that."""


@dataclass(frozen=True, slots=True)
class Clear:
    """What is still to be sealed, and whose it is. BSON has no type for it: nothing is written in clear by mistake."""

    fields: Fields
    of: str


class Sealer(Protocol):
    """What seals and opens. `of` names the document: a sealed value that was moved to another one is refused."""

    async def prepare(self) -> None:
        """Get ready to work; needed before the first digest."""

    async def encrypt(self, fields: Mapping[str, Any], of: str) -> object:
        """Return the fields as one value to be stored."""

    async def decrypt(self, sealed: Any, of: str) -> Fields:  # noqa: ANN401 - whatever the store gave
        """Return the fields of a sealed value."""

    def digest(self, content: bytes) -> str:
        """Return a hash of a content that nobody without the key can guess the content by."""

    def encrypt_index(self, index: str) -> bytes:
        """Encrypt the blind index of a person, the same one always to the same bytes, so that the store finds it."""

    def decrypt_index(self, stored: bytes) -> str:
        """Return the blind index of a person."""


def name_of(collection: str, id: object) -> str:
    """Name a document, so that its sealed value is its own."""
    return f"{collection}/{id}"


def take(document: Fields, paths: Iterable[str]) -> Fields:
    """Take the fields at these dotted paths out of a document; through a list, those of each of its members.

    What one kind of document has and another one has not is left out.
    """
    taken = {path: _take(document, path) for path in paths}
    return {path: value for path, value in taken.items() if value is not _NOTHING}


def put(document: Fields, fields: Mapping[str, Any]) -> None:
    """Put back what was taken out."""
    for path, value in fields.items():
        _put(document, path, value)


async def seal_all(sealer: Sealer, holders: Iterable[Fields]) -> None:
    """Seal what is still clear in these parts of documents, in place."""
    for holder in holders:
        clear = holder[SEALED]
        if isinstance(clear, Clear):
            holder[SEALED] = await sealer.encrypt(clear.fields, clear.of)


async def opened(sealer: Sealer, collection: str, document: Fields) -> Fields:
    """Return a document as it was before its fields were sealed; one that has none as it is."""
    if SEALED not in document:
        return document
    whole = {name: value for name, value in document.items() if name != SEALED}
    id_ = document["_id"]
    own = name_of(collection, sealer.decrypt_index(id_) if isinstance(id_, bytes) else id_)
    put(whole, await sealer.decrypt(document[SEALED], own))
    return whole


def touches(name: str, paths: Sequence[str]) -> bool:
    """Tell whether a field that is asked for is sealed, or holds or lies in what is."""
    return any(f"{path}.".startswith(f"{name}.") or f"{name}.".startswith(f"{path}.") for path in paths)


_NOTHING = object()


def _take(holder: Any, path: str) -> Any:  # noqa: ANN401 - documents hold anything
    if holder is None:
        return None
    if isinstance(holder, list | tuple):
        return [_take(each, path) for each in holder]
    name, _, rest = path.partition(".")
    return _take(holder.get(name), rest) if rest else holder.pop(name, _NOTHING)


def _put(holder: Any, path: str, value: Any) -> None:  # noqa: ANN401 - documents hold anything
    if holder is None:
        return
    if isinstance(holder, list | tuple):
        for each, its in zip(holder, value, strict=True):
            _put(each, path, its)
        return
    name, _, rest = path.partition(".")
    if rest:
        _put(holder[name], rest, value)
    else:
        holder[name] = value


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
