"""Days and moments: Shenzhen's time, the bounds of every date that comes from outside, and RFC 3339 in full.

Shenzhen's time is eight hours ahead of UTC, always. The zone `Asia/Shanghai` of the tz database is not that: before
1901 it is Shanghai's mean solar time (+08:05:43), and from 1940 to 1949 and 1986 to 1991 it has a summer time. A
document's day has neither: what is signed and compared must not depend on the year that it is about.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TypeGuard

SHENZHEN = timezone(timedelta(hours=8))

FIRST_DAY, LAST_DAY = date(1850, 1, 1), date(2199, 12, 31)
"""Every day and moment from outside is between them, so that no reckoning ends where the calendar does.

Nobody alive was born before the first. A document without an end says so by having none, not by a far day.
"""
EARLIEST = datetime.combine(FIRST_DAY, time.min, SHENZHEN).astimezone(UTC)
LATEST = datetime.combine(LAST_DAY, time.max, SHENZHEN).astimezone(UTC)
"""The first and last moment of those days in Shenzhen: any moment within is on one of them there."""

BOUNDS = f"from {FIRST_DAY} to {LAST_DAY}"

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_MICROSECOND_DIGITS = 6
_LEAP_SECOND = 60
_FARTHEST = timedelta(days=2)
"""More than a day that is written with an offset may be from the day in Shenzhen: 23:59 and eight hours."""


def read_moment(text: str) -> datetime:
    """Read a moment as RFC 3339 (section 5.6) writes it, and only that; return it in UTC.

    Letters of either case, any number of fractional digits (what is finer than a microsecond is cut off), any offset,
    `-00:00` too. A leap second is the moment after it, as POSIX counts; it ends a month in UTC, or it is none.

    Raises ValueError for anything else, and for a moment that is outside of the bounds in Shenzhen.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        message = "not a moment of RFC 3339"
        raise ValueError(message)
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    is_leap = int(second) == _LEAP_SECOND
    written = date.fromisoformat(day)
    if not FIRST_DAY - _FARTHEST <= written <= LAST_DAY + _FARTHEST:  # an offset leads out of the calendar at its ends
        raise ValueError(BOUNDS)
    moment = datetime(
        written.year,
        written.month,
        written.day,
        int(hour),
        int(minute),
        59 if is_leap else int(second),
        0 if is_leap else int((fraction or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")),
        tzinfo=UTC,
    )
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    moment = moment + offset if sign == "-" else moment - offset
    if is_leap:
        moment += timedelta(seconds=1)
        if (moment.day, moment.hour, moment.minute) != (1, 0, 0):
            message = "no leap second: one ends a month, at 23:59:60 UTC"
            raise ValueError(message)
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(BOUNDS)
    return moment


def is_numeric_date(value: object) -> TypeGuard[int | float]:
    """Tell whether a value is a NumericDate of RFC 7519, which may have a fraction, within the bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return EARLIEST.timestamp() <= value <= LATEST.timestamp()
