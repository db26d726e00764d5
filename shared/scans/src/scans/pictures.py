"""Pictures as they stand in files, without what does not bear on what they show; the picture itself is not touched.

Sources: ITU-T T.81 (JPEG) annex B, T.800 (JPEG 2000) annexes A and I, T.88 (JBIG2) chapter 7. All raise ValueError for
what can't be followed to its end. Imported only by the process that takes files apart.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_SCAN, _JFIF, _ADOBE = 0xDA, 0xE0, 0xEE
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The next marker: within a scan stand only stuffed bytes and restarts. Before it may stand more of its first byte."""


def of_jpeg(jpeg: bytes) -> tuple[bytes, int]:
    """Return a JPEG without notes, thumbnails and what follows its end, and how many pixels it has."""
    if not jpeg.startswith(_SOI):
        raise ValueError("no JPEG")
    kept, place, pixels, has_scan = [_SOI], 2, 0, False
    while (found := _MARKER.search(jpeg, place)) is not None:
        place = found.start()
        marker = jpeg[place + 1]
        if marker == _EOI[1]:
            break
        if marker in _ALONE:
            place += 2
            continue
        segment = jpeg[place : place + 2 + int.from_bytes(jpeg[place + 2 : place + 4])]
        place += len(segment)
        if len(segment) < 4:  # noqa: PLR2004 - marker and length
            raise ValueError("JPEG segment cut off")
        if marker in _FRAMES:
            pixels = int.from_bytes(segment[5:7]) * int.from_bytes(segment[7:9])
        kept.append(_jpeg_segment(marker, segment))
        if marker == _SCAN:
            has_scan, end = True, _MARKER.search(jpeg, place)
            kept.append(jpeg[place : end.start() if end else None])
            place = end.start() if end else len(jpeg)
    if not pixels or not has_scan:
        raise ValueError("JPEG without a picture")
    return b"".join([*kept, _EOI]), pixels


def _jpeg_segment(marker: int, segment: bytes) -> bytes:
    """Return what is kept of a segment: all of what decoding needs, of JFIF's and Adobe's just their own fields."""
    if marker in _FRAMES or marker in _TABLES or marker == _SCAN:
        return segment
    if marker == _JFIF and segment[4:9] == b"JFIF\x00":
        return b"\xff\xe0\x00\x10" + segment[4:16].ljust(12, b"\x00") + b"\x00\x00"  # without its thumbnail
    if marker == _ADOBE and segment[4:9] == b"Adobe":
        return b"\xff\xee\x00\x0e" + segment[4:16].ljust(12, b"\x00")
    return b""


_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_HEADERS = (b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef")
_GREY, _RGB, _CMYK = 17, 16, 12


def of_jpeg2000(content: bytes) -> tuple[bytes, int]:
    """Return a JPEG 2000, with or without boxes, without notes and profiles, and how many pixels it has."""
    if not content.startswith(_SIGNATURE):
        return _codestream(content)
    kept = list[bytes]()
    for kind, body in _boxes(content):
        if kind in {b"jP  ", b"ftyp"}:
            kept.append(_box(kind, body[:64]))
        elif kind == b"jp2h":
            kept.append(_box(kind, _header(dict(_boxes(body)))))
        elif kind == b"jp2c":
            stream, pixels = _codestream(body)
            return b"".join([*kept, _box(kind, stream)]), pixels
    raise ValueError("JPEG 2000 without a picture")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        head = 8
        if size == 1:
            size, head = int.from_bytes(content[place + 8 : place + 16]), 16
        end = len(content) if size == 0 else place + size
        if end < place + head or end > len(content):
            raise ValueError("JPEG 2000 box cut off")
        yield kind, content[place + head : end]
        place = end


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _header(boxes: dict[bytes, bytes]) -> bytes:
    """Return a header without notes; a colour profile gives way to the plain colours of as many components."""
    if boxes.get(b"colr", b"\x01")[:1] != b"\x01":
        colours = boxes[b"pclr"][2] if b"pclr" in boxes else int.from_bytes(boxes[b"ihdr"][8:10])
        plain = _GREY if colours <= 2 else _CMYK if colours > 3 and b"cdef" not in boxes else _RGB  # noqa: PLR2004 - one or two, three, four
        boxes[b"colr"] = struct.pack(">BBBI", 1, 0, 0, plain)
    return b"".join(_box(kind, boxes[kind]) for kind in _HEADERS if kind in boxes)


_START, _SIZES, _TILE, _DATA = b"\xff\x4f", b"\xff\x51", b"\xff\x90", b"\xff\x93"
_DROPPED = (b"\xff\x64", b"\xff\x55")
"""Comments, and the table of the lengths of tiles, which are others without the comments."""


def _codestream(content: bytes) -> tuple[bytes, int]:
    if not content.startswith(_START + _SIZES):
        raise ValueError("no JPEG 2000")
    right, lower, left, upper = struct.unpack_from(">4I", content, 8)
    main, place = _segments(content, 2, _TILE)
    kept = [_START, main]
    while content[place : place + 2] == _TILE:
        size = int.from_bytes(content[place + 6 : place + 10])
        end = place + size if size else max(content.rfind(_EOI), place)
        head, data = _segments(content, place + 12, _DATA)
        if not data <= end <= len(content):
            raise ValueError("JPEG 2000 tile cut off")
        length = struct.pack(">I", 12 + len(head) + end - data)
        kept += [content[place : place + 6], length, content[place + 10 : place + 12], head, content[data:end]]
        place = end
    return b"".join([*kept, _EOI]), (right - left) * (lower - upper)


def _segments(content: bytes, place: int, last: bytes) -> tuple[bytes, int]:
    """Return the segments from a place up to a marker, and where that is."""
    kept = list[bytes]()
    while (marker := content[place : place + 2]) != last:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if marker[:1] != b"\xff" or end > len(content) or end < place + 4:
            raise ValueError("JPEG 2000 segment cut off")
        if marker not in _DROPPED:
            kept.append(content[place:end])
        place = end
    return b"".join(kept), place


_TIFF_SHORT, _TIFF_LONG = 3, 4
_GROUP_3, _GROUP_4 = 3, 4


def of_fax(coded: bytes, width: int, height: int, k: int) -> bytes:
    """Return the lines of a fax (CCITT group 3 or 4, as `k` says in a PDF), a bit a pixel, 1 for black.

    Raises OSError for what can't be read.
    """
    group, options = (_GROUP_4, 0) if k < 0 else (_GROUP_3, int(k > 0))
    fields = [
        (256, _TIFF_LONG, width), (257, _TIFF_LONG, height), (258, _TIFF_SHORT, 1), (259, _TIFF_SHORT, group),
        (262, _TIFF_SHORT, 1), (273, _TIFF_LONG, 8 + 2 + 12 * 10 + 4), (277, _TIFF_SHORT, 1), (278, _TIFF_LONG, height),
        (279, _TIFF_LONG, len(coded)), (292, _TIFF_LONG, options),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in fields)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + entries + bytes(4)
    with Image.open(BytesIO(head + coded), formats=["TIFF"]) as opened:
        return opened.tobytes()


_JBIG2_KEPT = frozenset({0, 4, 6, 7, 16, 20, 22, 23, 36, 38, 39, 40, 42, 43, 48, 49, 50, 53})
"""Types of segments that make the picture; what ends a page, a file or a picture's data is not in a PDF, and an
extension (62) is a comment."""
_JBIG2_ENDS = frozenset({49, 51})
_UNTOLD = 0xFFFFFFFF


def of_jbig2(content: bytes) -> bytes:
    """Return the segments of an embedded JBIG2 stream that make its picture."""
    kept, place = list[bytes](), 0
    while place + 11 <= len(content):
        start = place
        number, flags, count = struct.unpack_from(">IBB", content, place)
        place += 5
        if count >> 5 == 7:  # noqa: PLR2004 - the long form
            count = int.from_bytes(content[place : place + 4]) & 0x1FFFFFFF
            place += 4 + (count + 8) // 8
        else:
            count, place = count >> 5, place + 1
        place += count * (1 if number <= 256 else 2 if number <= 65536 else 4)  # noqa: PLR2004 - as its number is long
        place += 4 if flags & 0x40 else 1
        size = int.from_bytes(content[place : place + 4])
        place = len(content) if size == _UNTOLD else place + 4 + size
        if place > len(content):
            raise ValueError("JBIG2 segment cut off")
        if flags & 0x3F in _JBIG2_KEPT:
            kept.append(content[start:place])
        if flags & 0x3F in _JBIG2_ENDS:
            break
    if not kept:
        raise ValueError("JBIG2 without segments")
    return b"".join(kept)
