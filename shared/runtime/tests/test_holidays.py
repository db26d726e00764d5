"""A service says at its start, and measures, up to when its working days are certain."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from runtime import holidays
from runtime.clock import SHENZHEN
from standards.working_days import Calendar, Year

CALENDAR = Calendar.of(
    tuple(
        Year(year=year, status=status, source="test", holidays=(), make_up_days=())
        for year, status in ((2025, "official"), (2026, "official"), (2027, "assumed"), (2029, "official"))
    )
)


@pytest.mark.parametrize(
    ("now", "until", "said"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 12, 31), None),
        (datetime(2026, 11, 1, 15, 59, tzinfo=UTC), date(2026, 12, 31), None),
        (datetime(2026, 11, 1, 16, 1, tzinfo=UTC), date(2026, 12, 31), 2027),
        (datetime(2026, 12, 31, 16, 1, tzinfo=UTC), date(2026, 12, 31), 2027),  # 2027 in Shenzhen, only assumed
        (datetime(2028, 6, 1, tzinfo=UTC), date(2027, 12, 31), 2028),  # not in the file at all
        (datetime(2029, 6, 1, tzinfo=UTC), date(2029, 12, 31), None),
    ],
)
def test_it_is_said_sixty_days_before_the_days_are_uncertain(now: datetime, until: date, said: int | None) -> None:
    assert CALENDAR.published_until(now.astimezone(SHENZHEN).date()) == until
    with capture_logs() as logs:
        holidays.watch(CALENDAR, "holiday-test", now)
    assert [each["year"] for each in logs if each["event"] == "holidays_not_published"] == ([said] if said else [])
    measured = REGISTRY.get_sample_value("yizheng_holidays_published_until_seconds", {"service": "holiday-test"})
    assert measured == datetime(until.year + 1, 1, 1, tzinfo=SHENZHEN).timestamp()
