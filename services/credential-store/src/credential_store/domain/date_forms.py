"""The forms in which tables write dates, as `strptime` knows them, and the dates written so."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

_SAMPLE = datetime(1987, 11, 23, 13, 45, 59)  # noqa: DTZ001 - written and read again, of no zone
_WRITTEN = {
    "Y": "1987",
    "m": "11",
    "d": "23",
    "j": "327",
    "b": "Nov",
    "B": "November",
    "H": "13",
    "I": "01",
    "p": "PM",
    "M": "45",
    "S": "59",
    "f": "000000",
    "z": "+0800",
    "%": "%",
}
"""What a form may consist of, and the sample written so. Not of years with two digits: 50 may be 1950 and 2050."""
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_TOUCHING = re.compile(r"%[YmdjHIMSf]%[YmdjHIMSf]")


def sample(form: str) -> str:
    """Return a date written in a form."""
    return _DIRECTIVE.sub(lambda found: _WRITTEN.get(found[1], found[0]), form)


def fault_of(form: str) -> str | None:
    """Say why a form does not tell a day: a code, None for one that does."""
    used = set(_DIRECTIVE.findall(form))
    if used - _WRITTEN.keys() - {"y"}:
        return "mapping-form-unknown"
    if "Y" not in used:
        return "mapping-form-two-digits" if "y" in used else "mapping-form-no-year"
    if "j" not in used and not ("d" in used and used & {"m", "b", "B"}):
        return "mapping-form-no-day"
    return None if _read(sample(form), form) == _SAMPLE.date() else "mapping-form-unknown"


def read(written: str, form: str) -> date | None:
    """Read a date of a form, None for anything else. Without separators all digits are needed: 2020111 is two days."""
    if _TOUCHING.search(form) and len(written) != _length(form):
        return None
    return _read(written, form)


def _read(written: str, form: str) -> date | None:
    try:
        return datetime.strptime(written, form).date()  # noqa: DTZ007 - a day has no zone
    except (ValueError, re.error):  # a form that names the same part twice is no regular expression
        return None


@lru_cache(maxsize=64)
def _length(form: str) -> int:
    return len(sample(form))
