"""Residents as a clerk sees them."""

from __future__ import annotations

from datetime import date, datetime

from portal.frame.calls import Answer
from portal.frame.visits import Visit
from portal.window.cards import community


class Suspension(Answer):
    """Why and since when a person is suspended."""

    reason: str
    since: datetime


class Permit(Answer):
    """An approved correction that the next reading of the card makes, once, until the end of a day."""

    field: str
    value: str
    until: date


class Resident(Answer):
    """What is registered about a person; the number is masked."""

    resident_id: str
    number: str
    name: str
    sex: str
    birth_date: date
    nationality_group: str
    address: str
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str
    registered_at: datetime
    suspension: Suspension | None
    corrections: tuple[Permit, ...]


_SHOWN = (
    "name",
    "number",
    "sex",
    "birth_date",
    "nationality_group",
    "address",
    "issuing_authority",
    "valid_from",
    "valid_until",
    "community",
)


def rows(visit: Visit, resident: Resident) -> list[tuple[str, str, None]]:
    """Return name and value of what is registered, as people read them."""
    return [(visit.t(f"window.card.{name}"), _said(visit, resident, name), None) for name in _SHOWN]


def _said(visit: Visit, resident: Resident, name: str) -> str:
    value = getattr(resident, name)
    match name:
        case "sex":
            return visit.t(f"window.sexes.{value}")
        case "community":
            return community(visit, value)
        case "valid_until" if value is None:
            return visit.t("window.card.long-term")
    return visit.day(value) if isinstance(value, date) else str(value)
