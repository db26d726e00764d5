"""The same name in the other script: simplified and traditional characters."""

from __future__ import annotations

from functools import cache

import opencc


def traditional(text: str) -> str:
    """Write a text in traditional characters."""
    return str(_converter("s2t").convert(text))


def simplified(text: str) -> str:
    """Write a text in simplified characters."""
    return str(_converter("t2s").convert(text))


@cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)
