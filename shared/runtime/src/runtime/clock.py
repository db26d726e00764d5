"""Time as the services tell it: UTC with milliseconds (what the store keeps); days are Shenzhen's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from standards.moments import EARLIEST, FIRST_DAY, LAST_DAY, LATEST, SHENZHEN

__all__ = ["SHENZHEN", "Clock", "Day", "Moment", "today", "utc_now"]

Clock = Callable[[], datetime]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    """Take a day only as it is written: left to itself the validator reads 20150101 as seconds since 1970."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("day", "Input should be a day written as a text, such as 2026-11-23")


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_day)]
"""A day from outside: with any other, reckoning ends where the calendar does (standards/moments.py)."""
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
"""The same for a moment."""


def utc_now() -> datetime:
    """Return the present moment, UTC, cut to milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def today(now: datetime) -> date:
    """Return the day that it is in Shenzhen at `now`."""
    return now.astimezone(SHENZHEN).date()
