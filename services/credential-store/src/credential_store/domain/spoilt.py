"""What spreadsheet programs make of values that they take for numbers, dates or formulas: told from the real ones."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Spoilt = Literal["scientific", "apostrophe", "formula", "decimal", "serial", "error", "digits", "day"]

_SCIENTIFIC = re.compile(r"[-+]?\d+([.,]\d+)?E[-+]?\d{1,3}", re.IGNORECASE)
_DECIMAL = re.compile(r"[-+]?[\d,]+\.0+")
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
_APOSTROPHES = ("'", "\u2018", "\u2019")
_LOST_DIGITS = re.compile(r"[1-9]\d{14}0{3,}", re.ASCII)
"""A spreadsheet keeps 15 digits of a number. Fewer than three zeros behind them may be what was written."""
_MONTHS = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = re.compile(rf"\d{{1,2}}月\d{{1,2}}日|\d{{1,2}}-{_MONTHS}|{_MONTHS}-\d\d")
"""What becomes of `1-2` and of `2023-1`."""


def spoilt(written: str) -> Spoilt | None:
    """Say how a spreadsheet has spoilt a value of any kind; None for one that it has not, as far as one can see."""
    written = unicodedata.normalize("NFKC", written)
    if written.startswith(("=", '+"', '-"', '@"')) and '"' in written:
        return "formula"
    if written.upper() in _ERRORS or set(written) == {"#"}:
        return "error"
    return "scientific" if _SCIENTIFIC.fullmatch(written) else None


def spoilt_number(written: str) -> Spoilt | None:
    """The same for what is the number or the id of something: it begins with no `'` or `=`, and ends with no `.0`."""
    written = unicodedata.normalize("NFKC", written)
    if written.startswith(_APOSTROPHES):
        return "apostrophe"
    if written.startswith("="):
        return "formula"
    if _LOST_DIGITS.fullmatch(written):
        return "digits"
    if _DAY.fullmatch(written):
        return "day"
    return spoilt(written) or ("decimal" if _DECIMAL.fullmatch(written) else None)


def spoilt_date(written: str) -> Spoilt | None:
    """The same for a date that could not be read: the count of days since 1900 is none."""
    return spoilt_number(written) or ("serial" if _SERIAL.fullmatch(written) else None)
