"""Days, moments and numbers as people read them: Shenzhen's clock, the customs of the language."""

from __future__ import annotations

from datetime import UTC, date, datetime

from runtime.clock import SHENZHEN
from runtime.texts import Language

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_KILO = 1024


def day(on: date | datetime, language: Language) -> str:
    """Return `2026年11月30日`, `30 November 2026`."""
    local = on.astimezone(SHENZHEN).date() if isinstance(on, datetime) else on
    if language == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{local.year}年{local.month}月{local.day}日"


def moment(at: datetime, language: Language) -> str:
    """Return `2026年11月30日 14:05`, `30 November 2026, 14:05`."""
    local = at.astimezone(SHENZHEN)
    return f"{day(at, language)}{',' if language == 'en' else ''} {local:%H:%M}"


def machine(at: date | datetime) -> str:
    """Return a day or moment for the `datetime` attribute."""
    if isinstance(at, datetime):
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return at.isoformat()


def number(value: float) -> str:
    """Return a number with its thousands apart, as both languages write it."""
    return f"{value:,}"


def size(octets: int) -> str:
    """Return the size of a file."""
    if octets < _KILO * _KILO:
        return f"{max(1, round(octets / _KILO))} KB"
    return f"{octets / _KILO / _KILO:.1f} MB"
