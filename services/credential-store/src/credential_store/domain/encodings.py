"""The encodings of files that departments hand over, and how a file says itself which one it is in."""

from __future__ import annotations

import codecs
from typing import Literal

Encoding = Literal["utf-8", "gb18030"]
MARKS: dict[Encoding, bytes] = {"utf-8": codecs.BOM_UTF8, "gb18030": b"\x84\x31\x95\x33"}
"""What a file of the encoding may begin with: U+FEFF in it."""
ALIASES: dict[str, Encoding] = {
    **dict.fromkeys(("utf-8", "utf8", "utf-8-sig"), "utf-8"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312", "cp936", "ansi"), "gb18030"),
}
"""What the encodings are called, in lower case; GBK and GB 2312 are parts of GB 18030."""


def marked(content: bytes) -> Encoding | None:
    """Return the encoding that a file's mark names, None without a mark."""
    return next((encoding for encoding, mark in MARKS.items() if content.startswith(mark)), None)


def mark_of(content: bytes) -> bytes:
    """Return a file's mark, empty without one."""
    encoding = marked(content)
    return MARKS[encoding] if encoding else b""


def encoding_of(content: bytes) -> str:
    """Say in which encoding something is that is not in UTF-8, as far as its bytes tell, for people to read."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "?"
    return "GB18030"
