"""Times, spans and numbers as operators read them: the clock of Shenzhen, UTC where it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from jinja2 import pass_context
from jinja2.runtime import Context

from runtime.texts import Language, written_moment
from standards.moments import BOUNDS, EARLIEST, LATEST, SHENZHEN

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = {"zh-CN": (" 天", " 小时", " 分", " 秒", " 毫秒"), "en": (" d", " h", " min", " s", " ms")}
_KILO = 1024


@pass_context
def moment(page: Context, at: datetime) -> str:
    """Return date and time of day as pages for people write them: `23 November 2026, 22:15:07`."""
    return written_moment(page["language"], at, "seconds")


def field(at: datetime) -> str:
    """Return date and time of day as a field of a form takes them: `2026-11-23T22:15:07`."""
    return at.astimezone(SHENZHEN).strftime("%Y-%m-%dT%H:%M:%S")


def utc(at: datetime) -> str:
    """Return the moment as machines write it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(text: str) -> datetime | None:
    """Read what a date or date-time field of a form holds, meant in Shenzhen. Raises ValueError, also out of bounds."""
    if not text.strip():
        return None
    read = datetime.fromisoformat(text.strip())
    read = read if read.tzinfo else read.replace(tzinfo=SHENZHEN)
    if not EARLIEST <= read <= LATEST:
        raise ValueError(BOUNDS)
    return read.astimezone(UTC)


def span(seconds: float, language: Language) -> str:
    """Return a span in its two largest units: `2 h 5 min`, `12.4 s`, `38 ms`."""
    days, hours, minutes, secs, millis = _UNITS[language]
    if seconds < 0:
        return f"−{span(-seconds, language)}"
    if seconds < 1:
        return f"{round(seconds * 1000)}{millis}"
    if seconds < _MINUTE:
        return f"{seconds:.1f}{secs}" if seconds % 1 else f"{seconds:.0f}{secs}"
    larger, smaller, unit, rest = (
        (_MINUTE, 1, minutes, secs)
        if seconds < _HOUR
        else (_HOUR, _MINUTE, hours, minutes)
        if seconds < _DAY
        else (_DAY, _HOUR, days, hours)
    )
    whole, left = divmod(int(seconds), larger)
    return f"{whole}{unit} {left // smaller}{rest}" if left // smaller else f"{whole}{unit}"


def count(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}"


def size(octets: int) -> str:
    """Return how large something is."""
    return f"{octets} B" if octets < _KILO else f"{octets / _KILO:.1f} KB"
