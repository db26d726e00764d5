"""PDFs around a phone's photograph, as apps, printers and malice make them: every one tells who took it and where."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image, ImageCms, TiffImagePlugin

from services.applications.tests import paper

MAKER = "PhoneMaker X9 of 李育成"
TOLD = (b"PhoneMaker", paper.WHERE.encode(), MAKER.encode(), MAKER.encode("utf-16-be"), b"Exif\x00\x00")
"""What must not be anywhere in what is kept, packed or unpacked."""
SIZE = (60, 40)


def photograph(**how: object) -> bytes:
    """Take a photograph with notes of every kind: EXIF with the place, XMP, a comment, a thumbnail, a profile."""
    notes = Image.Exif()
    notes[0x010F], notes[0x0110], notes[0x010E] = "PhoneMaker", MAKER, paper.WHERE
    place: dict[int, object] = {1: "N", 2: (22.0, 39.0, 25.5), 3: "E", 4: (114.0, 1.0, 36.0), 27: paper.WHERE.encode()}
    notes.get_ifd(0x8825).update(place)
    kept = BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MAKER.encode()
    given: dict[str, Any] = {"exif": notes, "comment": MAKER.encode(), "xmp": f"<x>{MAKER}</x>".encode(), **how}
    paper.picture().save(kept, "JPEG", quality=85, icc_profile=profile, **given)
    return with_segment(kept.getvalue(), 0xE0, b"JFXX\x00\x10" + MAKER.encode())


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """Put a segment in after the first one."""
    first = 4 + int.from_bytes(jpeg[4:6])
    return jpeg[:first] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + jpeg[first:]


def jpeg2000(*, boxes: bool) -> bytes:
    """Take it as JPEG 2000, with a comment and, in boxes, with XML, a profile and what no standard knows."""
    kept = BytesIO()
    paper.picture().save(kept, "JPEG2000", no_jp2=not boxes, comment=MAKER, irreversible=False)
    taken = kept.getvalue()
    if not boxes:
        return taken
    told = b"".join(
        struct.pack(">I4s", 8 + len(MAKER.encode()), kind) + MAKER.encode() for kind in (b"xml ", b"uuid", b"none")
    )
    at = taken.index(b"jp2c") - 4
    profiled = taken[:at].replace(
        b"\x00\x00\x00\x0fcolr\x01\x00\x00\x00\x00\x00\x10",
        struct.pack(">I4s", 11 + 200, b"colr") + b"\x02\x00\x00" + MAKER.encode().ljust(200, b"\x00"),
    )
    header = profiled.index(b"jp2h") - 4
    size = int.from_bytes(profiled[header : header + 4]) + 196
    return profiled[:header] + struct.pack(">I", size) + profiled[header + 4 :] + told + taken[at:] + MAKER.encode()


def faxed(k: int, *, is_black_one: bool) -> bytes:
    """Fax the picture in black and white (CCITT group 4 or 3), and write something behind it."""
    kept = BytesIO()
    how = {292: 1} if k > 0 else {}
    paper.picture().convert("1").save(kept, "TIFF", compression="group4" if k < 0 else "group3", tiffinfo=how)
    with Image.open(BytesIO(kept.getvalue())) as opened:
        assert isinstance(opened, TiffImagePlugin.TiffImageFile)
        [offset], [length] = opened.tag_v2[273], opened.tag_v2[279]
    data = kept.getvalue()[offset : offset + length] + MAKER.encode()
    parms = Dictionary(K=k, Columns=60, Rows=40, BlackIs1=is_black_one, Note=String(MAKER))
    fields = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1, "DecodeParms": parms}
    return document(lambda pdf: image(pdf, data, Name.CCITTFaxDecode, **fields))


def in_colours_of_a_table() -> bytes:
    """Show a surface in the first of two colours, with more behind them."""

    def draw(pdf: Pdf) -> Stream:
        base = Array([Name.ICCBased, Stream(pdf, MAKER.encode() * 20, Dictionary(N=3))])
        colours = Array([Name.Indexed, base, 1, String(b"\xfa\x05\x05\xff\xff\xff" + MAKER.encode())])
        return image(pdf, bytes(60 * 40), ColorSpace=colours)

    return document(draw)


def document(
    draw: Callable[[Pdf], Stream | None] = lambda pdf: image(pdf, photograph(), Name.DCTDecode),
    also: Callable[[Pdf], None] = lambda _: None,
    **how: Any,  # noqa: ANN401 - pikepdf's own
) -> bytes:
    """Make a PDF of one page that shows one image and carries more."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        shown = draw(pdf)
        if shown is not None:
            pdf.pages[0].Resources = Dictionary(XObject=Dictionary(Im0=shown))
            pdf.pages[0].Contents = pdf.make_stream(b"q 500 0 0 300 40 400 cm /Im0 Do Q")
        also(pdf)
        kept = BytesIO()
        pdf.save(kept, **how)
        return kept.getvalue()


def image(pdf: Pdf, data: bytes, filters: object = None, **more: object) -> Stream:
    """Make an image of some data."""
    fields: dict[str, Any] = {
        "Type": Name.XObject, "Subtype": Name.Image, "Width": SIZE[0], "Height": SIZE[1], "BitsPerComponent": 8,
        "ColorSpace": Name.DeviceRGB, **more,
    }  # fmt: skip
    if filters is not None:
        fields["Filter"] = filters
    return Stream(pdf, data, Dictionary({f"/{name}": value for name, value in fields.items()}))


def a85(data: bytes) -> bytes:
    """Pack as ASCII85."""
    return base64.a85encode(data) + b"~>"


def run_length(data: bytes) -> bytes:
    """Pack as RunLength, without any run."""
    parts = [data[at : at + 128] for at in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts) + b"\x80"


def samples() -> bytes:
    """Return the picture's samples."""
    return paper.picture().tobytes()


def _packed(packing: Callable[[bytes], bytes], *filters: str, data: bytes | None = None) -> bytes:
    names = Array([Name(f"/{each}") for each in filters])
    return document(lambda pdf: image(pdf, packing(data or photograph()), names))


def _with(change: Callable[[Pdf, Stream], None]) -> bytes:
    def draw(pdf: Pdf) -> Stream:
        shown = image(pdf, photograph(), Name.DCTDecode)
        change(pdf, shown)
        return shown

    return document(draw)


def _inline(pdf: Pdf) -> None:
    drawn = b"q 500 0 0 300 40 400 cm BI /W 60 /H 40 /CS /RGB /BPC 8 /F /DCT /Note (" + MAKER.encode() + b") ID "
    pdf.pages[0].Contents = pdf.make_stream(drawn + photograph() + b" EI Q")
    pdf.pages[0].Resources = Dictionary()


def _in_form(pdf: Pdf, shown: Stream) -> Stream:
    fields = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 595, 842], Note=String(MAKER))
    fields["/Metadata"] = pdf.make_stream(MAKER.encode())
    fields["/Resources"] = Dictionary(XObject=Dictionary(Im1=shown), Properties=Dictionary(P0=Dictionary(Said=MAKER)))
    return Stream(pdf, b"% " + MAKER.encode() + b"\n/P /P0 BDC q 60 0 0 40 0 0 cm /Im1 Do Q EMC", fields)


def _everywhere(pdf: Pdf) -> None:
    """Say it wherever a PDF has a place for it."""
    page, said = pdf.pages[0], String(MAKER)
    script = Dictionary(S=Name.JavaScript, JS=String(f"app.alert('{MAKER}')"))
    stream = pdf.make_stream(MAKER.encode())
    pdf.docinfo["/Author"] = MAKER
    pdf.Root["/Metadata"], page.obj["/Metadata"], page.obj["/Thumb"] = (
        stream,
        stream,
        image(pdf, photograph(), Name.DCTDecode),
    )
    pdf.Root["/OpenAction"], pdf.Root["/AA"], page.obj["/AA"] = script, Dictionary(WC=script), Dictionary(O=script)
    pdf.Root["/Names"] = Dictionary(
        JavaScript=Dictionary(Names=[said, script]), Dests=Dictionary(Names=[said, [page.obj, Name.Fit]])
    )
    pdf.Root["/Lang"], pdf.Root["/PageLabels"] = said, Dictionary(Nums=[0, Dictionary(P=said)])
    pdf.Root["/AcroForm"] = pdf.make_indirect(Dictionary(Fields=[], XFA=Array([String("form"), stream]), DA=said))
    pdf.Root["/PieceInfo"] = page.obj["/PieceInfo"] = Dictionary(App=Dictionary(Private=said, LastModified=said))
    pdf.Root["/Collection"] = pdf.Root["/StructTreeRoot"] = pdf.make_indirect(
        Dictionary(Type=Name.StructTreeRoot, T=said)
    )
    pdf.Root["/Outlines"] = pdf.make_indirect(Dictionary(Type=Name.Outlines, Count=0, Title=said))
    layer = pdf.make_indirect(
        Dictionary(Type=Name.OCG, Name=said, Usage=Dictionary(CreatorInfo=Dictionary(Creator=said)))
    )
    pdf.Root["/OCProperties"] = Dictionary(OCGs=[layer], D=Dictionary(ON=[layer], Name=said, Order=[said, layer]))
    pdf.attachments["photo.jpg"] = pikepdf.AttachedFileSpec(pdf, photograph(), description=MAKER)
    drawn = Stream(
        pdf, b"1 0 0 rg 0 0 20 20 re f", Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 20, 20])
    )
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Stamp, Rect=[10, 10, 30, 30], Contents=said, T=said, AP=Dictionary(N=drawn), F=4
    )
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI=said))
    page.obj["/Annots"] = pdf.make_indirect(Array([pdf.make_indirect(note), pdf.make_indirect(link)]))
    page.Resources["/Properties"] = Dictionary(L0=layer, M0=Dictionary(Said=said, Metadata=stream))
    page.Resources["/ExtGState"] = Dictionary(G0=Dictionary(ca=1, Note=said), G1=said)
    page.Contents = pdf.make_stream(
        page.Contents.read_bytes()
        + f"\n% {MAKER}\n/Span <</ActualText ({MAKER})>> BDC EMC /P /M0 BDC EMC /OC /L0 BDC ({MAKER}) q Q EMC".encode()
        + f"\n/M ({MAKER}) DP ({MAKER}) MP ({MAKER}) unknown /G0 gs".encode()
    )
    pdf.trailer["/Note"] = pdf.Root["/Note"] = said
    pdf.trailer["/ID"] = Array([String(MAKER), String(MAKER)])


def _pattern_and_glyph(pdf: Pdf) -> None:
    """Hide pictures in a pattern, a soft mask's group and a font's glyph resources."""
    page = pdf.pages[0]
    inner = Dictionary(XObject=Dictionary(Im9=image(pdf, photograph(), Name.DCTDecode)))
    tile = Dictionary(PatternType=1, PaintType=1, TilingType=1, BBox=[0, 0, 9, 9], XStep=9, YStep=9, Resources=inner)
    group = Dictionary(
        Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9], Resources=inner, Group=Dictionary(S=Name.Transparency)
    )
    font = Dictionary(
        Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 9, 9], FontMatrix=[1, 0, 0, 1, 0, 0], FirstChar=97,
        LastChar=97, Widths=[9], Encoding=Dictionary(Differences=[97, Name.a], Note=String(MAKER)), Resources=inner,
        Note=String(MAKER),
        CharProcs=Dictionary(a=pdf.make_stream(b"9 0 d0 % " + MAKER.encode() + b"\n/Im9 Do")),
    )  # fmt: skip
    page.Resources["/Pattern"] = Dictionary(P0=pdf.make_indirect(Stream(pdf, b"/Im9 Do", tile)))
    soft = Dictionary(Type=Name.Mask, S=Name.Luminosity, G=Stream(pdf, b"/Im9 Do", group), Note=String(MAKER))
    page.Resources["/ExtGState"] = Dictionary(G0=Dictionary(SMask=soft))
    page.Resources["/Font"] = Dictionary(F0=pdf.make_indirect(font))


def _profiled(pdf: Pdf) -> Stream:
    profile = Stream(pdf, MAKER.encode() * 20, Dictionary(N=3, Alternate=Name.DeviceRGB))
    return image(pdf, samples(), ColorSpace=Array([Name.ICCBased, profile]))


def _predicted() -> bytes:
    rows = b"".join(b"\x00" + samples()[at : at + 180] for at in range(0, 7200, 180))
    parms = Dictionary(Predictor=15, Colors=3, BitsPerComponent=8, Columns=60, Note=String(MAKER))
    extra = b"\x00" + MAKER.encode().ljust(180)
    return document(lambda pdf: image(pdf, zlib.compress(rows + extra), Name.FlateDecode, DecodeParms=parms))


def _appended(content: bytes) -> bytes:
    """Leave the page as it was before in the file, and add a newer one (an incremental update)."""
    offset = content.rindex(b"startxref")
    said = b"9 0 obj\n(" + MAKER.encode() + b")\nendobj\n"
    return content[:offset] + said + content[offset:] + b"\n" + MAKER.encode()


def photographs() -> Mapping[str, bytes]:
    """Return PDFs that show the photograph in colour, by what is special about them."""
    jpeg = photograph()
    return dict(_photographs(jpeg))


def _photographs(jpeg: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as apps write it", document()
    yield "a list of one filter", _packed(bytes, "DCTDecode")
    yield "a short name of the filter", _packed(bytes, "DCT")
    yield "ascii85 around it", _packed(a85, "ASCII85Decode", "DCTDecode")
    yield "hex around it", _packed(lambda data: data.hex().encode() + b">", "ASCIIHexDecode", "DCTDecode")
    yield "flate around it", _packed(zlib.compress, "FlateDecode", "DCTDecode")
    yield "runs around it", _packed(run_length, "RunLengthDecode", "DCTDecode")
    yield (
        "flate twice around it",
        _packed(lambda data: zlib.compress(zlib.compress(data)), *["FlateDecode"] * 2, "DCTDecode"),
    )
    yield (
        "hex, ascii85 and flate around it",
        _packed(lambda data: a85(zlib.compress(data)).hex().encode() + b">", "AHx", "A85", "Fl", "DCT"),
    )
    yield "behind its end", _packed(bytes, "DCTDecode", data=jpeg + MAKER.encode() + jpeg)
    yield (
        "behind the packing's end",
        _packed(lambda data: zlib.compress(data) + MAKER.encode(), "FlateDecode", "DCTDecode"),
    )
    yield "progressive", _packed(bytes, "DCTDecode", data=photograph(progressive=True))
    yield "filled with FF", _packed(bytes, "DCTDecode", data=jpeg.replace(b"\xff\xdb", b"\xff\xff\xff\xdb"))
    yield "every application's segment", _packed(bytes, "DCTDecode", data=_segments(jpeg))
    yield (
        "parameters",
        document(
            lambda pdf: image(
                pdf, jpeg, Array([Name.DCTDecode]), DecodeParms=Array([Dictionary(ColorTransform=1, Note=MAKER)])
            )
        ),
    )
    yield (
        "no parameters in a list",
        document(
            lambda pdf: image(
                pdf,
                zlib.compress(jpeg),
                Array([Name.FlateDecode, Name.DCTDecode]),
                DecodeParms=Array([None, Dictionary(ColorTransform=1)]),
            )
        ),
    )
    yield (
        "an image's own metadata",
        _with(lambda pdf, shown: shown.__setitem__("/Metadata", pdf.make_stream(MAKER.encode()))),
    )
    yield (
        "alternates",
        _with(
            lambda pdf, shown: shown.__setitem__(
                "/Alternates", Array([Dictionary(Image=image(pdf, jpeg, Name.DCTDecode))])
            )
        ),
    )
    yield (
        "a soft mask that is a photograph",
        _with(lambda pdf, shown: shown.__setitem__("/SMask", image(pdf, jpeg, Name.DCTDecode, Note=MAKER))),
    )
    yield "within a content", document(lambda _: None, _inline)
    yield "within a form", document(lambda pdf: _in_form(pdf, image(pdf, jpeg, Name.DCTDecode)))
    yield (
        "within a form within a form",
        document(lambda pdf: _in_form(pdf, _in_form(pdf, image(pdf, jpeg, Array([Name.DCTDecode]))))),
    )
    yield "everywhere else, too", document(also=_everywhere)
    yield "patterns, masks and glyphs", document(also=_pattern_and_glyph)
    yield "jpeg 2000", _packed(bytes, "JPXDecode", data=jpeg2000(boxes=True))
    yield "jpeg 2000 without boxes", _packed(bytes, "JPXDecode", data=jpeg2000(boxes=False))
    yield "jpeg 2000 in flate", _packed(zlib.compress, "FlateDecode", "JPXDecode", data=jpeg2000(boxes=True))
    yield "plain samples and more", document(lambda pdf: image(pdf, samples() + MAKER.encode()))
    yield (
        "flate with more samples",
        document(lambda pdf: image(pdf, zlib.compress(samples() + MAKER.encode()), Name.FlateDecode)),
    )
    yield (
        "flate and more",
        document(lambda pdf: image(pdf, zlib.compress(samples()) + MAKER.encode(), Name.FlateDecode)),
    )
    yield "predicted rows and more", _predicted()
    yield "a profile", document(_profiled)
    yield "an older version of itself", _appended(document())
    yield "objects in streams", document(also=_everywhere, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    yield "an owner's password", document(also=_everywhere, encryption=pikepdf.Encryption(owner="owner", user=""))
    yield (
        "an owner's password of old",
        document(encryption=pikepdf.Encryption(owner="owner", user="", R=3, aes=False, metadata=False)),
    )
    for name, lead in (
        ("a mark", b"\xef\xbb\xbf"),
        ("a line break", b"\r\n"),
        ("both", b"\xef\xbb\xbf\n\n"),
        ("blanks", b"  \t\x00"),
    ):
        yield f"{name} before it", lead + document()


def _segments(jpeg: bytes) -> bytes:
    for marker in (0xE0, 0xE3, 0xED, 0xEE, 0xFE):
        jpeg = with_segment(jpeg, marker, MAKER.encode())
    return jpeg
