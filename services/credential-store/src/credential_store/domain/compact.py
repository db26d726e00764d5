"""A presentation as the text of a QR code: packed, and spelt with the few characters that QR codes hold most of.

`YZ1:` and Base32 (RFC 4648, without padding) of the deflated parts. It is unpacked to the same presentation, character
by character, since base64url has one spelling for each content.
"""

from __future__ import annotations

import zlib
from base64 import b32decode, b32encode
from collections.abc import Iterator
from typing import Final

from credential_store.domain.sd_jwt import LARGEST, NotSdJwtError, SdJwt
from standards import base64url

PREFIX: Final = "YZ1:"
_LENGTH_BYTES: Final = 2


def pack(presentation: SdJwt) -> str:
    """Return the text for a QR code. Raises ValueError for what we did not issue."""
    parts = [*presentation.signed.split("."), *(each.text for each in presentation.shown)]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(b"".join(map(_framed, map(base64url.decode, parts)))) + deflate.flush()
    return PREFIX + b32encode(packed).decode().rstrip("=")


def unpack(text: str) -> str:
    """Return the presentation in a QR code's text. Raises NotSdJwtError; never makes more than is taken anyway."""
    spelt = text.removeprefix(PREFIX)
    try:
        packed = b32decode(spelt + "=" * (-len(spelt) % 8))
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflate.decompress(packed, LARGEST)
    except (ValueError, zlib.error) as error:
        raise NotSdJwtError from error
    if inflate.unconsumed_tail or not inflate.eof or inflate.unused_data:
        raise NotSdJwtError
    parts = [base64url.encode(part) for part in _parts(content)]
    return "~".join((".".join(parts[:3]), *parts[3:], ""))


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(_LENGTH_BYTES) + part


def _parts(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        length = int.from_bytes(content[place : place + _LENGTH_BYTES])
        place += _LENGTH_BYTES
        if place + length > len(content):
            raise NotSdJwtError
        yield content[place : place + length]
        place += length
