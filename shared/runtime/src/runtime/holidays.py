"""How far the holidays are published by which a service counts working days: said at its start, and measured.

The State Council announces a year's holidays in the last months of the year before. What is reckoned beyond them is
provisional (`Calendar.is_provisional`), and the alert HolidaysNotPublished fires 60 days before it would be.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

import structlog
from prometheus_client import Gauge

from runtime.clock import SHENZHEN, today
from standards.working_days import Calendar

SOON = timedelta(days=60)
_UNTIL = Gauge(
    "yizheng_holidays_published_until_seconds",
    "The end of the last day up to which the holidays are published, in Unix time",
    ["service"],
)

log = structlog.get_logger()


def watch(calendar: Calendar, service: str, now: datetime) -> None:
    """Measure up to when the service's working days are certain; say it when that is less than 60 days away."""
    last = calendar.published_until(today(now))
    end = datetime.combine(last + timedelta(days=1), time.min, SHENZHEN)
    _UNTIL.labels(service).set(end.timestamp())
    if end - now < SOON:
        log.warning("holidays_not_published", year=last.year + 1, working_days_certain_until=last.isoformat())
