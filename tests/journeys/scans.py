"""Scans made by code: small files that really are what they say."""

from __future__ import annotations

import struct
import zlib
from functools import cache

_WIDTH, _HEIGHT, _LINE = 240, 340, 20


def png(marked: int = 0) -> bytes:
    """Make a grey page with dark lines, as a scanner would see a certificate; `marked` makes it differ from others."""
    last = _HEIGHT - _LINE
    rows = b"".join(b"\0" + _row(y) for y in range(last)) + (b"\0" + _mark(marked)) * _LINE
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def pdf() -> bytes:
    """Make a page with nothing on it."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 4\n0000000000 65535 f \n%strailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(body))
    )


@cache
def _row(y: int) -> bytes:
    """Draw every other line."""
    dark = y // (_LINE // 4) % 4 == 2 and _LINE < y < _HEIGHT - 2 * _LINE
    return bytes(60 if dark and _LINE < x < _WIDTH - _LINE else 235 for x in range(_WIDTH))


def _mark(marked: int) -> bytes:
    """Draw a number as dots, bit by bit."""
    return bytes(40 if marked >> bit & 1 else 235 for bit in range(_WIDTH))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
