"""Days, moments and numbers as people read them: Shenzhen's clock, the customs of the language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from runtime.clock import SHENZHEN
from runtime.texts import DEFAULT, Language, Texts

Say = Callable[..., str]
"""A text of the catalogues in the person's language."""

_KILO = 1024


def day(on: date | datetime, t: Say) -> str:
    """Return a day: `30 November 2026`."""
    local = on.astimezone(SHENZHEN).date() if isinstance(on, datetime) else on
    return t("frame.day", year=local.year, month=t(f"frame.months.{local.month}"), day=local.day)


def moment(at: datetime, t: Say) -> str:
    """Return a day and a time of day: `30 November 2026, 14:05`."""
    return t("frame.moment", day=day(at, t), time=f"{at.astimezone(SHENZHEN):%H:%M}")


def purpose(stated: str, texts: Texts, language: Language) -> str:
    """Return a purpose that pages offer, and which is kept in one language, in another; one in own words as it is."""
    offered = (key for key in texts.keys(DEFAULT) if key.startswith("frame.purposes."))
    return next((texts.say(language, key) for key in offered if texts.say(DEFAULT, key) == stated), stated)


def machine(at: date | datetime) -> str:
    """Return a day or moment for the `datetime` attribute."""
    if isinstance(at, datetime):
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return at.isoformat()


def sentence(text: str) -> str:
    """Return a name of a catalogue, which begins small in English, as it begins where it stands alone."""
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    """Return a number with its thousands apart, as both languages write it."""
    return f"{value:,}"


def size(octets: int) -> str:
    """Return the size of a file."""
    if octets < _KILO * _KILO:
        return f"{max(1, round(octets / _KILO))} KB"
    return f"{octets / _KILO / _KILO:.1f} MB"
