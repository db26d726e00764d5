"""Residents as a clerk sees them."""

from __future__ import annotations

from datetime import date, datetime

from portal.frame.calls import GatewayAnswer
from portal.frame.visits import PageVisit
from portal.window.cards import community


class WindowSuspension(GatewayAnswer):
    """Why and since when a person is suspended."""

    reason: str
    since: datetime


class WindowPermit(GatewayAnswer):
    """An approved correction that the next reading of the card makes, once, until the end of a day."""

    field: str
    value: str
    until: date


class WindowResident(GatewayAnswer):
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
    suspension: WindowSuspension | None
    corrections: tuple[WindowPermit, ...]


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


def rows(visit: PageVisit, resident: WindowResident) -> list[tuple[str, str, None]]:
    """Return name and value of what is registered, as people read them."""
    return [(visit.t(f"window.card.{name}"), _said(visit, resident, name), None) for name in _SHOWN]


def _said(visit: PageVisit, resident: WindowResident, name: str) -> str:
    value = getattr(resident, name)
    match name:
        case "sex":
            return visit.t(f"window.sexes.{value}")
        case "community":
            return community(visit, value)
        case "valid_until" if value is None:
            return visit.t("window.card.long-term")
    return visit.day(value) if isinstance(value, date) else str(value)
