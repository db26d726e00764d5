"""Time as the services tell it: UTC with milliseconds (what the store keeps); days are Shenzhen's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from standards.moments import EARLIEST, FIRST_DAY, LAST_DAY, LATEST, SHENZHEN

__all__ = ["SHENZHEN", "Clock", "Day", "Moment", "today", "utc_now"]

Clock = Callable[[], datetime]

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
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
