"""A PDF with nothing but its pages and what they show. Imported only by the process that takes files apart.

What is kept is named, not what goes: of every dictionary the keys that drawing it needs (ISO 32000-1, 7.7 to 11.6), of
every content the operators that draw. Whatever else a file carries (who made it, where, with which device; scripts,
actions, forms, other files, notes, links, outlines, thumbnails, older versions of itself) has no place in this grammar.
What notes and forms show is drawn into the page first.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Operator, Pdf, Stream, StreamDecodeLevel, String

from runtime.errors import Refusal
from scans import colours, leftovers, pictures
from scans.colours import NotSanitisableError
from scans.grammar import DRAWING, GRAMMAR, VALUE, WRITING
from scans.kinds import MOST_PIXELS

if TYPE_CHECKING:
    from pikepdf import ContentStreamInlineImage, ContentStreamInstruction

    Instruction = ContentStreamInstruction | ContentStreamInlineImage | tuple[list[Object], Operator]

_SHORT: Final = {"DCT": "DCTDecode", "CCF": "CCITTFaxDecode", "Fl": "FlateDecode", "LZW": "LZWDecode",
                 "RL": "RunLengthDecode", "A85": "ASCII85Decode", "AHx": "ASCIIHexDecode"}  # fmt: skip
_OF_PICTURES = ("DCTDecode", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode")
_LONGEST_TEXT = 40
"""Characters of a name of a character collection, such as Adobe and Japan1."""


def strip(pdf: Pdf) -> set[bytes]:
    """Leave nothing of a document but its pages; return the words of the notes that its pictures had.

    Raises ValueError and its like for what can't be followed, and Refusal for too many pixels.
    """
    pdf.generate_appearance_streams()
    pdf.flatten_annotations("screen")
    for page in pdf.pages:
        page.externalize_inline_images()
        page.contents_coalesce()
    for name in set(pdf.trailer.keys()) - {"/Root", "/Size"}:
        del pdf.trailer[name]
    walk = _Walk(pdf)
    walk.all()
    return walk.told


class _Walk:
    """Goes from the catalogue to everything that the grammar names, once for each kind of thing that it is."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._waiting: list[tuple[Object, str]] = [(pdf.Root, "catalog")]
        self._seen: set[tuple[tuple[int, int], str]] = set()
        self.told: set[bytes] = set()

    def all(self) -> None:
        while self._waiting:
            thing, kind = self._waiting.pop()
            if getattr(thing, "is_indirect", False):
                if (thing.objgen, kind) in self._seen:
                    continue
                self._seen.add((thing.objgen, kind))
            self._one(thing, kind)

    def _one(self, thing: Object, kind: str) -> None:
        if isinstance(thing, Array):
            self._list(thing, kind)
        elif kind == "colours":
            for name in list(thing.keys()):
                thing[name] = self._colour(thing[name])
        elif kind.endswith("*"):
            self._named(thing, kind[:-1])
        else:
            if kind == "xobject":
                kind = {"/Image": "image", "/Form": "form"}.get(str(thing.get("/Subtype")), "nothing")
            self._keys(thing, GRAMMAR[kind])
            if isinstance(thing, Stream):
                self._stream(thing, kind)

    def _list(self, things: Array, kind: str) -> None:
        for place in reversed(range(len(things))):
            if isinstance(things[place], String):
                del things[place]
            elif _is_composed(things[place]):
                self._waiting.append((things[place], kind))

    def _named(self, things: Object, kind: str) -> None:
        """Clean things under names of the author's choice."""
        for name in list(things.keys()):
            if _is_composed(things[name]):
                self._waiting.append((things[name], kind))
            else:
                del things[name]

    def _colour(self, colour: Object) -> Object:
        plain, parts = colours.plain(colour)
        self._waiting += parts
        return plain

    def _keys(self, thing: Object, allowed: Mapping[str, str]) -> None:
        for key in list(thing.keys()):
            value, kind = thing[key], allowed.get(key[1:], "")
            if kind == "parent":
                continue
            if kind == "colour":
                thing[key] = self._colour(value)
            elif kind == "blank":
                thing[key] = String("")
            elif kind == "short" and isinstance(value, String) and len(bytes(value)) <= _LONGEST_TEXT:
                continue
            elif not kind or not (_is_plain(value) or (kind != VALUE and _is_composed(value))):
                if key != "/Length":
                    del thing[key]
            elif _is_composed(value):
                self._waiting.append((value, kind))

    def _stream(self, stream: Stream, kind: str) -> None:
        if kind == "image":
            self.told |= _clean_image(self._pdf, stream)
        elif kind == "jbig2":
            stream.write(pictures.of_jbig2(stream.read_bytes(StreamDecodeLevel.specialized)))
        elif kind in {"content", "form", "pattern", "glyph"}:
            stream.write(pikepdf.unparse_content_stream(list(_drawing(stream))))
        else:
            stream.write(stream.read_bytes(StreamDecodeLevel.specialized))


def _is_composed(value: object) -> bool:
    return isinstance(value, Array | Dictionary | Stream)


def _is_plain(value: object) -> bool:
    """Tell whether a value is a number, a name, a truth, or a list of such."""
    if isinstance(value, Array):
        return all(_is_plain(each) for each in value.as_list())
    return not isinstance(value, String | Dictionary | Stream)


def _drawing(stream: Stream) -> Iterator[Instruction]:
    """Give the instructions that draw; what a marked part says of itself is left out, but for its layer."""
    for instruction in pikepdf.parse_content_stream(stream):
        if isinstance(instruction, pikepdf.ContentStreamInlineImage):
            _refuse_telling(instruction)
            yield instruction
            continue
        name, operands = str(instruction.operator), list(instruction.operands)
        if name in {"BDC", "BMC"}:
            is_layer = name == "BDC" and operands[0] == Name.OC and isinstance(operands[1], Name)
            yield instruction if is_layer else ([Name.Span], Operator("BMC"))
        elif name in WRITING or (name in DRAWING and all(map(_is_plain, operands))):
            yield instruction
        elif name in DRAWING:
            yield [each for each in operands if _is_plain(each)], instruction.operator


def _refuse_telling(image: ContentStreamInlineImage) -> None:
    """Raise NotCleanableError for a picture within a content that could carry notes: a glyph's has none."""
    written = image.iimage.unparse().split(b"ID", 1)[0]
    if re.search(rb"/DCT|/JPX|\(|(?<!<)<(?!<)", written):
        raise NotSanitisableError("picture with notes within a content")


def _clean_image(pdf: Pdf, image: Stream) -> set[bytes]:
    """Make the data of an image be the picture and nothing else; return the words of its notes."""
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    _refuse_many(width * height)
    filters = [_SHORT.get(name, name) for name in _names(image.get("/Filter"))]
    parms = _listed(image.get("/DecodeParms"), len(filters))
    place = next((at for at, name in enumerate(filters) if name in _OF_PICTURES), None)
    if place is None:
        _cut(image, filters, (_row_bits(image, width) + 7) // 8 * height)
        return set()
    if place != len(filters) - 1:
        raise NotSanitisableError("a picture's data is packed in an order that nothing writes")
    last, coded = filters[place], _unpacked(pdf, image, filters[:place], parms[:place])
    if last == "CCITTFaxDecode":
        _refax(image, coded, parms[place] or Dictionary())
        return set()
    told = leftovers.notes_of(coded)
    if last == "DCTDecode":
        coded, pixels = pictures.of_jpeg(coded)
        _refuse_many(pixels)
    elif last == "JPXDecode":
        coded, pixels = pictures.of_jpeg2000(coded)
        _refuse_many(pixels)
    else:
        coded = pictures.of_jbig2(coded)
    image.write(coded, filter=Name(f"/{last}"), decode_parms=parms[place])
    return told


def _cut(image: Stream, filters: list[str], expected: int) -> None:
    """Keep of samples as many as the picture has; as they are packed, where nothing stands behind them."""
    samples, raw = image.read_bytes(StreamDecodeLevel.specialized), image.read_raw_bytes()
    if filters == ["FlateDecode"] and len(samples) <= expected:
        unpacking = zlib.decompressobj()
        unpacking.decompress(raw)
        if unpacking.eof and not unpacking.unused_data:
            return
    image.write(samples[:expected])


def _refax(image: Stream, coded: bytes, parms: Dictionary) -> None:
    """Write a fax as plain samples: nothing tells where its data ends."""
    if parms.get("/EncodedByteAlign", False) or int(parms.get("/Columns", 1728)) != int(image.Width):
        raise NotSanitisableError("a fax that is not written as wide as it is, line behind line")
    lines = pictures.of_fax(coded, int(image.Width), int(image.Height), int(parms.get("/K", 0)))
    is_black_one = bool(parms.get("/BlackIs1", False))
    image.write(lines if is_black_one else bytes(each ^ 0xFF for each in lines))


def _unpacked(pdf: Pdf, image: Stream, filters: list[str], parms: list[Dictionary | None]) -> bytes:
    raw = image.read_raw_bytes()
    if not filters:
        return raw
    packed = Stream(pdf, raw, Filter=Array([Name(f"/{name}") for name in filters]), DecodeParms=Array(parms))
    return packed.read_bytes(StreamDecodeLevel.specialized)


def _row_bits(image: Stream, width: int) -> int:
    if image.get("/ImageMask", False):
        return width
    return width * int(image.get("/BitsPerComponent", 8)) * colours.components(image.get("/ColorSpace"))


def _names(value: object) -> list[str]:
    each = value.as_list() if isinstance(value, Array) else [] if value is None else [value]
    return [str(name)[1:] for name in each]


def _listed(value: object, length: int) -> list[Dictionary | None]:
    each = list(value.as_list()) if isinstance(value, Array) else [] if value is None else [value]
    return [*each, *[None] * length][:length]


def _refuse_many(pixels: int) -> None:
    if pixels > MOST_PIXELS:
        raise Refusal("scan-too-many-pixels", field="file", most=MOST_PIXELS // 1_000_000)
