"""Lists in pages: a cursor says where the next page begins, so that nothing is skipped or shown twice.

A cursor is sealed: the moments and ids in it are nothing that a list shows.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Generic, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from fastapi import Depends, Query
from pydantic import BaseModel

from runtime.errors import Refusal
from standards.bounds import LARGEST

_KEY_BYTES = 32
_seals = [AESSIV(secrets.token_bytes(_KEY_BYTES))]
"""What seals cursors in this process, the newest first: one for each service that it runs, and its own until then."""

ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")
Key = list[str | int | None]


class Page(BaseModel, Generic[ItemT]):
    """One page; `next` is the cursor of the following one, null on the last."""

    items: list[ItemT]
    next: str | None


def page(
    found: Sequence[FoundT], limit: int, *, key: Callable[[FoundT], Key], view: Callable[[FoundT], ItemT]
) -> Page[ItemT]:
    """Make a page of at most `limit` out of what was found; ask the store for `limit + 1` to learn of a next page."""
    shown = found[:limit]
    following = encode(key(shown[-1])) if len(found) > limit and shown else None
    return Page(items=[view(each) for each in shown], next=following)


def seal_with(key: bytes) -> None:
    """Seal cursors with a key from now on that all processes of a service have, also after a new start."""
    _seals.insert(0, AESSIV(key[:_KEY_BYTES]))


def encode(key: Key) -> str:
    """Write the last shown sort key as a cursor."""
    return base64.urlsafe_b64encode(_seals[0].encrypt(json.dumps(key).encode(), None)).decode().rstrip("=")


def decode(text: str) -> Key:
    """Read a cursor. Raises Refusal (`bad-cursor`) for one that we did not give."""
    try:
        key = json.loads(_opened(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (binascii.Error, ValueError, RecursionError, InvalidTag) as error:
        raise Refusal("bad-cursor", field="cursor") from error
    if not isinstance(key, list) or not all(map(_is_part, key)):
        raise Refusal("bad-cursor", field="cursor")
    return key


def _opened(sealed: bytes) -> bytes:
    for seal in _seals[:-1]:
        with suppress(InvalidTag):
            return seal.decrypt(sealed, None)
    return _seals[-1].decrypt(sealed, None)


def _is_part(part: object) -> bool:
    """Tell whether we may have written it: text, or a number that the store holds."""
    return part is None or isinstance(part, str) or (isinstance(part, int) and abs(part) <= LARGEST)


async def _cursor(
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
) -> Key | None:
    return None if cursor is None else decode(cursor)


Cursor = Annotated[Key | None, Depends(_cursor)]
"""The sort key after which the page begins, or None for the first page."""

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]
"""How many items a page holds; give it the default 20."""
