"""What must not be in a cleaned scan any more, looked for in what was made and not in how it was made.

Imported only by the process that takes files apart.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from io import BytesIO

import pikepdf
from PIL import Image

_MARKS = (
    b"Exif\x00\x00", b"http://ns.adobe.com/x", b"<x:xmpmeta", b"<?xpacket", b"Photoshop 3.0", b"ICC_PROFILE\x00",
    b"GPSLatitude", b"/EmbeddedFile",
)  # fmt: skip
"""What notes begin with, wherever they are kept: in segments, in boxes, in streams."""
_KEYS = frozenset({
    "/Metadata", "/PieceInfo", "/LastModified", "/StructTreeRoot", "/Thumb", "/Annots", "/AcroForm", "/XFA", "/AA",
    "/OpenAction", "/JS", "/JavaScript", "/EmbeddedFiles", "/AF", "/EF", "/Names", "/Outlines", "/Dests", "/Alternates",
    "/Info", "/URI", "/RichMediaContent",
})  # fmt: skip
_SHORTEST, _LONGEST = 6, 64
"""Bytes of a note that is looked for by its own words: a shorter one is found by chance."""
_IFDS = (0x8769, 0x8825, 0xA005)
"""Where EXIF goes on: of the exposure, of the place (GPS), of the format."""


class LeftoverError(ValueError):
    """Something is still there that must not be."""


def notes_of(picture: bytes) -> set[bytes]:
    """Return the words of a picture's notes: its maker, device, owner, times."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(picture), formats=["JPEG", "PNG"]) as opened:
            notes = opened.getexif()
            told = [*notes.values(), *(value for ifd in _IFDS for value in notes.get_ifd(ifd).values())]
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, Image.DecompressionBombError):
        return set()
    words = {(each if isinstance(each, bytes) else str(each).encode()).strip(b"\x00 ") for each in told}
    return {word for word in words if _SHORTEST <= len(word) <= _LONGEST and not word.isdigit()}


def search(content: bytes, told: Collection[bytes], media_type: str) -> None:
    """Look through what was made, every part of a PDF as it is packed and unpacked. Raises LeftoverError."""
    if media_type != "application/pdf":
        _refuse(content, told)
        return
    _refuse(content, ())
    with pikepdf.open(BytesIO(content)) as pdf:
        if {*pdf.trailer.keys()} & _KEYS:
            raise LeftoverError("trailer")
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream) and {*thing.keys()} & _KEYS:
                raise LeftoverError("key")
            if isinstance(thing, pikepdf.Stream):
                is_picture = thing.get("/Subtype") == pikepdf.Name.Image
                for data in _data(thing):
                    _refuse(data, told if is_picture else ())
            else:
                _refuse(thing.unparse(), told)


def _data(stream: pikepdf.Stream) -> Iterator[bytes]:
    yield stream.read_raw_bytes()
    if stream.get("/Filter") == pikepdf.Name.JBIG2Decode:
        return  # it would be unpacked by a program of its own
    try:
        yield stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)
    except pikepdf.PdfError:
        return  # packed as a picture


def _refuse(data: bytes, told: Collection[bytes]) -> None:
    if found := next((each for each in (*_MARKS, *told) if each in data), None):
        raise LeftoverError(found)
