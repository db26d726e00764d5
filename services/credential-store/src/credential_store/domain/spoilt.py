"""What spreadsheet programs make of values that they take for numbers, dates or formulas: told from the real ones."""

from __future__ import annotations

import re
from typing import Literal

Spoilt = Literal["scientific", "apostrophe", "formula", "decimal", "serial", "error"]

_SCIENTIFIC = re.compile(r"[-+]?\d+([.,]\d+)?E[-+]?\d{1,3}", re.IGNORECASE)
_DECIMAL = re.compile(r"[-+]?[\d,]+\.0+")
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
_APOSTROPHES = ("'", "\uff07")


def spoilt(written: str) -> Spoilt | None:
    """Say how a spreadsheet has spoilt a value of any kind; None for one that it has not, as far as one can see."""
    if written.startswith(("=", '+"', '-"', '@"')) and '"' in written:
        return "formula"
    if written.upper() in _ERRORS or set(written) == {"#"}:
        return "error"
    return "scientific" if _SCIENTIFIC.fullmatch(written) else None


def spoilt_number(written: str) -> Spoilt | None:
    """The same for what is the number or the id of something: no apostrophe before it, no `.0` behind it."""
    if written.startswith(_APOSTROPHES):
        return "apostrophe"
    return spoilt(written) or ("decimal" if _DECIMAL.fullmatch(written) else None)


def spoilt_date(written: str) -> Spoilt | None:
    """The same for a date that could not be read: the count of days since 1900 is none."""
    return spoilt_number(written) or ("serial" if _SERIAL.fullmatch(written) else None)
