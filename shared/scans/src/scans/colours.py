"""Colour spaces of a PDF without profiles, which may tell of a device (ISO 32000-1, 8.6).

Imported only by the process that takes files apart.
"""

from __future__ import annotations

from pikepdf import Array, Name, Object, StreamDecodeLevel, String

_NUMBERS = {
    "/DeviceGray": 1, "/CalGray": 1, "/G": 1, "/Indexed": 1, "/I": 1, "/Separation": 1,
    "/DeviceRGB": 3, "/CalRGB": 3, "/RGB": 3, "/Lab": 3, "/DeviceCMYK": 4, "/CMYK": 4,
}  # fmt: skip
"""How many numbers a colour has, by the family of its space."""
_PLAIN = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}
_OF_TINTS = ("/Separation", "/DeviceN")

Parts = list[tuple[Object, str]]


class NotSanitisableError(ValueError):
    """Something in the file is written as no standard says."""


def plain(colour: Object) -> tuple[Object, Parts]:
    """Return a colour space without profiles and texts, and the parts of it that must be cleaned, with their kinds.

    Raises NotCleanableError for one that no standard has.
    """
    if isinstance(colour, Name):
        return colour, []
    if not isinstance(colour, Array) or not len(colour):
        raise NotSanitisableError("no colour space")
    family = str(colour[0])
    if family == "/ICCBased":
        return _PLAIN.get(int(colour[1].get("/N", 3)), Name.DeviceRGB), []
    if family in {"/CalGray", "/CalRGB", "/Lab"}:
        return Array([colour[0], colour[1]]), [(colour[1], "calibrated")]
    return _of_another(family, colour)


def _of_another(family: str, colour: Array) -> tuple[Object, Parts]:
    """Return a colour space that rests on another one."""
    if family in {"/Indexed", "/I"}:
        base, parts = plain(colour[1])
        table = (
            bytes(colour[3]) if isinstance(colour[3], String) else colour[3].read_bytes(StreamDecodeLevel.specialized)
        )
        used = (int(colour[2]) + 1) * components(base)
        return Array([Name.Indexed, base, int(colour[2]), String(table[:used])]), parts
    if family in _OF_TINTS and b"(" not in colour[1].unparse():
        alternate, parts = plain(colour[2])
        return Array([colour[0], colour[1], alternate, colour[3]]), [*parts, (colour[3], "function")]
    if family == "/Pattern" and len(colour) > 1:
        base, parts = plain(colour[1])
        return Array([Name.Pattern, base]), parts
    if len(colour) > 1:
        raise NotSanitisableError("a colour space that no standard has")
    return colour[0], []


def components(colour: object) -> int:
    """Return how many numbers a colour has. Raises NotCleanableError where nothing says so."""
    if isinstance(colour, Array):
        if str(colour[0]) == "/DeviceN":
            return len(colour[1])
        colour = colour[0]
    try:
        return _NUMBERS[str(colour)]
    except KeyError:
        raise NotSanitisableError("an image in no colours") from None
