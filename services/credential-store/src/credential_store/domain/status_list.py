"""Status lists (W3C Bitstring Status List 1.0): one bit for each version that was signed, at a place that says nothing.

Places are given out one after the other, so that none is given twice, and led through a secret permutation of the
list, so that neighbours in the list have nothing to do with each other.
"""

from __future__ import annotations

import gzip
import hmac
import secrets
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Final, Literal, Self

from credential_store.domain.credential import CredentialModel, CredentialPlace
from standards import base64url

Purpose = Literal["revocation", "suspension"]
PURPOSES: tuple[Purpose, ...] = ("revocation", "suspension")

ENTRIES: Final = 2**18
"""Places of a list; the standard asks for 131,072 at least, so that nobody is found by elimination."""
_HALF: Final = 9
"""Bits of one half of a place."""
_ROUNDS: Final = 6
_MULTIBASE: Final = "u"
"""Says that base64url without padding follows (Multibase)."""


class StatusList(CredentialModel):
    """A list and how many of its places are given out. Its key makes their order."""

    id: str
    version: int = 0
    number: int
    key: str
    taken: int = 0

    @classmethod
    def new(cls, number: int) -> Self:
        return cls(id=str(number), number=number, key=secrets.token_hex(16))

    def place(self, count: int) -> CredentialPlace:
        """Return the place that is given out as the so-manieth (from 0): a Feistel network over 2 × 9 bits."""
        left, right = count >> _HALF, count & (2**_HALF - 1)
        for number in range(_ROUNDS):
            left, right = right, left ^ self._scramble(number, right)
        return CredentialPlace(list=self.number, index=left << _HALF | right)

    def _scramble(self, number: int, half: int) -> int:
        mixed = hmac.digest(bytes.fromhex(self.key), bytes((number, half >> 8, half & 0xFF)), "sha256")
        return int.from_bytes(mixed[:2]) & (2**_HALF - 1)


def encode(places: Iterable[int]) -> str:
    """Return a list in which the bits at these places are set, the first bit leftmost."""
    bits = bytearray(ENTRIES // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    return _MULTIBASE + base64url.encode(gzip.compress(bytes(bits), mtime=0))


def is_set(encoded: str, place: int) -> bool:
    """Tell whether the bit at a place is set. Raises ValueError for what is no list of ours, or a place beyond it."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(base64url.decode(encoded.removeprefix(_MULTIBASE)))) as packed:
            bits = packed.read(ENTRIES // 8 + 1)  # never more, whatever it would become
    except (OSError, EOFError, ValueError, zlib.error) as error:
        message = "not a status list"
        raise ValueError(message) from error
    if len(bits) != ENTRIES // 8 or not 0 <= place < ENTRIES:
        message = "not a status list that has this place"
        raise ValueError(message)
    return bool(bits[place >> 3] & 0x80 >> (place & 7))
