"""Hiding most of a name or number: enough stays that its owner recognises it, too little for anybody else."""

from __future__ import annotations

_STAR = "*"
_SHORTEST_WITH_BOTH_ENDS = 3


def name(text: str) -> str:
    """Keep the first and last character (李育成 → 李*成), or only the first of two (李四 → 李*)."""
    return _ends(text.strip())


def number(text: str) -> str:
    """Keep the first and last character of an identity, account or certificate number.

    Not the customary last four: with the birth date shown beside it, they would give an identity number away.
    """
    return _ends(text.strip())


def _ends(text: str) -> str:
    if len(text) < _SHORTEST_WITH_BOTH_ENDS:
        return text[:-1] + _STAR if text else ""
    return text[0] + _STAR * (len(text) - 2) + text[-1]
