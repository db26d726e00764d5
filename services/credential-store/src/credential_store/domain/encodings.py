"""The encodings of files that departments hand over, and how a file says itself which one it is in."""

from __future__ import annotations

import codecs
from typing import Literal

from runtime.errors import TextKey

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


def encoding_of(content: bytes) -> TextKey:
    """Say what the encoding of something that is not in UTF-8 looks like, as far as its bytes tell."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return TextKey("encodings.utf-32")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        return TextKey("encodings.utf-16")
    whole = codecs.getincrementaldecoder("gb18030")()
    try:
        whole.decode(content)
    except UnicodeDecodeError:
        return TextKey("encodings.unknown")
    return TextKey("encodings.gb18030")
