"""Time as the services tell it: UTC with milliseconds (what the store keeps); days are Shenzhen's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

Clock = Callable[[], datetime]

SHENZHEN = ZoneInfo("Asia/Shanghai")

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)

Day = Annotated[date, Field(ge=EARLIEST.date(), le=LATEST.date())]
"""A day that somebody may ask about: with any other, reckoning ends where the calendar does."""
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
"""The same for a moment."""


def utc_now() -> datetime:
    """Return the present moment, UTC, cut to milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def today(now: datetime) -> date:
    """Return the day that it is in Shenzhen at `now`."""
    return now.astimezone(SHENZHEN).date()
