"""Time as the services tell it: UTC with milliseconds (what the store keeps); days are Shenzhen's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

SHENZHEN = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Return the present moment, UTC, cut to milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def today(now: datetime) -> date:
    """Return the day that it is in Shenzhen at `now`."""
    return now.astimezone(SHENZHEN).date()
