"""Days, moments and numbers as people read them: Shenzhen's clock, the customs of the language."""

from __future__ import annotations

from datetime import UTC, date, datetime

from runtime.clock import today
from runtime.texts import DEFAULT, Language, Texts, written_day

_KILO = 1024


def day(on: date | datetime, language: Language) -> str:
    """Return a day: `30 November 2026`."""
    return written_day(language, today(on) if isinstance(on, datetime) else on)


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
    if octets < _KILO * _KILO:
        return f"{max(1, round(octets / _KILO))} KB"
    return f"{octets / _KILO / _KILO:.1f} MB"
