"""The status codes of electronic credentials (GB/T 36904) and the word for each, the same in every answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "01": "valid",
        "02": "suspended",
        "03": "withdrawn",
        "04": "cancelled",
        "05": "expired",
        "06": "transferred",
        "07": "revoked",
        "99": "other",
    }
)
CODES: Mapping[str, str] = MappingProxyType({word: code for code, word in WORDS.items()})
