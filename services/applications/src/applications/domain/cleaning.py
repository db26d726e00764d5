"""What is kept of a scan: its picture, made anew, without whatever else the file carried.

A photograph tells where and when it was taken and with which device; a page may carry scripts, forms and other
files; and what is a picture to one program can be something else to another. None of that is kept.

Files of strangers are taken apart here, so this runs in a process of its own (`store/cleaner.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from runtime.refusal import Refusal

if TYPE_CHECKING:
    from pikepdf import Object, Pdf
    from PIL.Image import Image

MOST_PIXELS = 50_000_000
"""An A4 page at 600 dpi has 35 million."""
MOST_PAGES = 100

_ACTS = ("/A", "/AA", "/OpenAction", "/JS", "/JavaScript", "/EmbeddedFiles", "/AF", "/EF", "/RichMediaContent", "/XFA")
_TELLS = ("/Metadata", "/PieceInfo", "/LastModified", "/StructTreeRoot", "/Thumb")
_PLAIN_MODES = {"JPEG": ("L", "RGB"), "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")}


def get_ready() -> None:
    """Load what takes files apart."""
    import pikepdf  # noqa: F401, PLC0415 - for its own sake
    from PIL import Image  # noqa: PLC0415 - see below

    Image.preinit()


def cleaned(content: bytes, media_type: str) -> bytes:
    """Make a JPEG, PNG or PDF anew. Raises Refusal when it is broken, encrypted, or unfolds to too much."""
    return (
        _page(content) if media_type == "application/pdf" else _picture(content, media_type.rpartition("/")[2].upper())
    )


def _picture(content: bytes, kind: str) -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415 - only the process that takes files apart needs it

    Image.MAX_IMAGE_PIXELS = None  # our own limit is below, and it refuses
    try:
        with Image.open(BytesIO(content), formats=[kind]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Refusal("scan-too-many-pixels", field="file", most=MOST_PIXELS // 1_000_000)
            upright = ImageOps.exif_transpose(opened)
            how = _as_before(opened) if kind == "JPEG" else {}
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refusal("scan-broken", field="file") from error
    if upright.mode not in _PLAIN_MODES[kind]:
        upright = upright.convert("RGB")
    upright.info = {name: value for name, value in upright.info.items() if name == "transparency"}
    made = BytesIO()
    upright.save(made, kind, **how)
    return made.getvalue()


def _as_before(picture: Image) -> dict[str, object]:
    """Return the quality that a JPEG was saved with, so that it neither loses nor grows."""
    from PIL import JpegImagePlugin  # noqa: PLC0415 - see above

    tables = dict(getattr(picture, "quantization", {}))
    sampling = JpegImagePlugin.get_sampling(picture)
    return {"qtables": tables or None, **({"subsampling": sampling} if sampling >= 0 else {})}


def _page(content: bytes) -> bytes:
    import pikepdf  # noqa: PLC0415 - see above

    made = BytesIO()
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            if len(pdf.pages) > MOST_PAGES:
                raise Refusal("scan-too-many-pages", field="file", most=MOST_PAGES)
            if pdf.is_encrypted:
                raise Refusal("scan-encrypted", field="file")
            _strip(pdf)
            pdf.save(made, deterministic_id=True)
    except pikepdf.PasswordError as error:
        raise Refusal("scan-encrypted", field="file") from error
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise Refusal("scan-broken", field="file") from error
    return made.getvalue()


def _strip(pdf: Pdf) -> None:
    import pikepdf  # noqa: PLC0415 - see above

    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    for thing in pdf.objects:
        for part in _parts(thing):
            for name in (*_ACTS, *_TELLS):
                if name in part:
                    del part[name]
        if isinstance(thing, pikepdf.Stream) and _is_jpeg(thing):
            thing.write(without_notes(thing.read_raw_bytes()), filter=pikepdf.Name.DCTDecode)


def _parts(thing: Object) -> Iterator[Object]:
    """Return an object's dictionary and those that stand within it; what it only refers to comes by itself."""
    import pikepdf  # noqa: PLC0415 - see above

    if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        yield thing
        within = list(thing.as_dict().values()) if isinstance(thing, pikepdf.Dictionary) else []
    else:
        within = list(thing.as_list()) if isinstance(thing, pikepdf.Array) else []
    for each in within:
        if not getattr(each, "is_indirect", True):  # a number or a text is just that
            yield from _parts(each)


def _is_jpeg(stream: Object) -> bool:
    return str(stream.get("/Filter")) == "/DCTDecode" and "/DecodeParms" not in stream


def without_notes(jpeg: bytes) -> bytes:
    """Return a JPEG without its notes (EXIF, XMP, thumbnails, comments), its picture untouched."""
    kept, place = [jpeg[:2]], 2
    while jpeg[place : place + 1] == b"\xff" and place + 4 <= len(jpeg):
        marker, length = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4])
        if marker == _START_OF_SCAN:
            break
        if marker not in _NOTES:
            kept.append(jpeg[place : place + 2 + length])
        place += 2 + length
    return b"".join([*kept, jpeg[place:]])


_START_OF_SCAN = 0xDA
_NOTES = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""Segments that don't bear on the picture: all of applications but JFIF's (E0) and Adobe's (EE), and comments."""
