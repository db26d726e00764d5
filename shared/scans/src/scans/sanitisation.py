"""What is kept of a scan: its picture, made anew, without whatever else the file carried.

A photograph tells where and when it was taken and with which device; a page may carry scripts, forms and other
files; and what is a picture to one program can be something else to another. None of that is kept: a picture is painted
anew, a page is reduced to what it shows (`pages.py`), and what was made is searched before it is kept
(`leftovers.py`). What can't be cleaned is refused.

Files of strangers are taken apart here, so this runs in a process of its own (`cleaning_process.py`).
"""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Collection
from io import BytesIO
from typing import TYPE_CHECKING

from runtime.errors import Refusal
from scans.kinds import MOST_PIXELS, without_lead

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PAGES = 100

_PLAIN_MODES = {"JPEG": ("L", "RGB"), "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")}

_ORIENTATION = 0x0112
"""The tag of EXIF that says how a photograph is turned."""

_LAST_BYTES = 2048
"""Bytes in which a file's end is looked for; readers look in the last 1024 (ISO 32000-1, Annex H)."""


def get_ready() -> None:
    """Load what takes files apart, by cleaning one of each kind, so that nothing is loaded at first use."""
    import pikepdf  # noqa: PLC0415 - see below
    from PIL import Image, ImageCms, ImageColor, ImageFilter, ImagePalette  # noqa: F401, PLC0415 - see below

    Image.init()
    for codec in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le"):
        codecs.lookup(codec)
    for kind in _PLAIN_MODES:
        made, turned = BytesIO(), Image.Exif()
        turned[_ORIENTATION] = 6
        Image.new("RGB", (1, 1)).save(made, kind, exif=turned)
        sanitised(made.getvalue(), f"image/{kind.lower()}")
    made = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(made, encryption=pikepdf.Encryption(owner="a", R=6))  # its library opens the source of randomness once
    sanitised(made.getvalue(), "application/pdf")


def sanitised(content: bytes, media_type: str) -> bytes:
    """Make a JPEG, PNG or PDF anew. Raises Refusal when it is broken, encrypted, or unfolds to too much."""
    return (
        _page(content) if media_type == "application/pdf" else _picture(content, media_type.rpartition("/")[2].upper())
    )


def _picture(content: bytes, kind: str) -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415 - only the process that takes files apart needs it

    from scans import leftovers  # noqa: PLC0415 - see above

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
    return _searched(made.getvalue(), leftovers.notes_of(content), f"image/{kind.lower()}")


def _as_before(picture: Image) -> dict[str, object]:
    """Return the quality that a JPEG was saved with, so that it neither loses nor grows."""
    from PIL import JpegImagePlugin  # noqa: PLC0415 - see above

    tables = dict(getattr(picture, "quantization", {}))
    sampling = JpegImagePlugin.get_sampling(picture)
    return {"qtables": tables or None, **({"subsampling": sampling} if sampling >= 0 else {})}


def _page(content: bytes) -> bytes:
    import pikepdf  # noqa: PLC0415 - see above

    from scans import pages  # noqa: PLC0415 - see above

    if b"%%EOF" not in content.rstrip(b"\0\r\n\t ")[-_LAST_BYTES:]:
        raise Refusal("scan-broken", field="file")  # cut off on the way: what is left would be blank pages
    made = BytesIO()
    try:
        with warnings.catch_warnings(action="ignore"), pikepdf.open(BytesIO(without_lead(content))) as pdf:
            if len(pdf.pages) > MOST_PAGES:
                raise Refusal("scan-too-many-pages", field="file", most=MOST_PAGES)
            told = pages.strip(pdf)
            pdf.save(made, encryption=False, deterministic_id=True)
    except pikepdf.PasswordError as error:
        raise Refusal("scan-encrypted", field="file") from error
    except pikepdf.PdfError as error:
        raise Refusal("scan-broken", field="file") from error
    except (ValueError, LookupError, TypeError, ArithmeticError, RuntimeError, AttributeError, OSError) as error:
        raise Refusal("scan-not-cleanable", field="file") from error
    return _searched(made.getvalue(), told, "application/pdf")


def _searched(made: bytes, told: Collection[bytes], media_type: str) -> bytes:
    """Return what was made when nothing is left in it that must not be. Raises Refusal."""
    from scans import leftovers  # noqa: PLC0415 - see above

    try:
        leftovers.search(made, told, media_type)
    except leftovers.LeftoverError as error:
        raise Refusal("scan-not-cleanable", field="file") from error
    return made
