"""Scans as people hand them in: photographs with notes, pages with scripts, and files that are not what they seem."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

import pikepdf
from PIL import Image, PngImagePlugin

WHERE = "22.6569N 114.0266E"
"""What a photograph tells about the place where it was taken."""
SCRIPT = "app.alert('who opens this')"


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """Paint something with an upper left corner of its own."""
    painted = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    painted.paste((200, 10, 10), (0, 0, width // 3, height // 3))
    return painted


def photograph(*, orientation: int = 1) -> bytes:
    """Take a photograph, with the notes that a phone adds."""
    notes = Image.Exif()
    notes[0x0112], notes[0x010E], notes[0x9286] = orientation, WHERE, WHERE
    return _saved(picture(), "JPEG", exif=notes, comment=WHERE.encode(), xmp=f"<x>{WHERE}</x>".encode(), quality=83)


def drawing() -> bytes:
    """Make a PNG with notes."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Description", WHERE)
    notes.add_itxt("XML:com.adobe.xmp", WHERE)
    return _saved(picture(), "PNG", pnginfo=notes)


@cache
def page(pages: int = 1) -> bytes:
    """Make a document that names its author, runs a script and carries another file and a photograph with notes."""
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(200, 100))
        pdf.docinfo["/Author"] = WHERE
        with pdf.open_metadata() as notes:
            notes["dc:creator"] = [WHERE]
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=SCRIPT)
        pdf.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=SCRIPT))
        pdf.attachments["more.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ\x90\x00 something else")
        picture = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=60, Height=40, BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceRGB, Filter=pikepdf.Name.DCTDecode,
        )  # fmt: skip
        shown = pikepdf.Stream(pdf, photograph(), picture)
        pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=shown))
        return _pdf(pdf.save)


def locked() -> bytes:
    """Make a document that asks for a password."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        return _pdf(lambda file: pdf.save(file, encryption=pikepdf.Encryption(owner="o", user="u")))


def bomb(side: int = 30_000) -> bytes:
    """Make a PNG of a few kilobytes that unfolds to as many pixels as a square of that side has."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side // 8 + 1) * 200, 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (header, rows, b"")))


def unfolding_page() -> bytes:
    """Make a document whose table of objects unfolds to 800 megabytes."""
    packed = _deflated_zeros(800_000_000)
    head = b"%PDF-1.5\n"
    stream = b"1 0 obj<</Type/XRef/Size 3/W[1 4 1]/Root 2 0 R/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    return head + stream + packed + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def unfolding_part(place: str) -> bytes:
    """Make a document of which a part unfolds to a gigabyte, packed once or thrice."""
    packed = _deflated_zeros(1_000_000_000)
    filters = [pikepdf.Name.FlateDecode]
    if place == "picture, thrice":
        packed, filters = zlib.compress(zlib.compress(packed)), filters * 3
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 100))
        fields = pikepdf.Dictionary(Filter=pikepdf.Array(filters))
        if place == "contents":
            pdf.pages[0].Contents = pikepdf.Stream(pdf, packed, fields)
        else:
            fields = pikepdf.Dictionary(
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=6000, Height=6000, BitsPerComponent=8,
                ColorSpace=pikepdf.Name.DeviceRGB, Filter=pikepdf.Array(filters),
            )  # fmt: skip
            shown = pikepdf.Stream(pdf, packed, fields)
            pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=shown))
        return _pdf(lambda file: pdf.save(file, compress_streams=False))


def _deflated_zeros(size: int) -> bytes:
    """Pack millions of zeros: one of them, again and again (RFC 1950: header, blocks, an empty last block, sum)."""
    packing = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    million = packing.compress(bytes(1_000_000)) + packing.flush(zlib.Z_FULL_FLUSH)
    checksum = size % 65521 << 16 | 1
    return b"\x78\xda" + million * (size // 1_000_000) + b"\x03\x00" + struct.pack(">I", checksum)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    made = BytesIO()
    image.save(made, kind, **how)
    return made.getvalue()


def _pdf(save: Callable[[BytesIO], None]) -> bytes:
    made = BytesIO()
    save(made)
    return made.getvalue()
