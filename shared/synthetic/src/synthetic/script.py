"""The same name in the other script: simplified and traditional characters."""

from __future__ import annotations

from functools import cache

import opencc

from standards.names import same_name


def traditional(text: str) -> str:
    """Write a text in traditional characters; what names keep apart (于, 於) stays as it is."""
    converted = str(_converter("s2t").convert(text))
    return "".join(new if same_name(old, new) else old for old, new in zip(text, converted, strict=True))


def simplified(text: str) -> str:
    return str(_converter("t2s").convert(text))


@cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)
