"""The time of a visit, typed in three fields: day, from, until."""

from __future__ import annotations

from datetime import date, datetime, time

from portal.frame.calls import InputFault, Json
from portal.frame.forms import Form
from portal.frame.visits import PageVisit
from runtime.clock import SHENZHEN

_PARTS = ("date", "begins", "ends")
Slot = dict[str, Json]


def read_slot(visit: PageVisit, form: Form, row: int) -> tuple[Slot | None, list[InputFault]]:
    """Return the time that a row of a form says, in RFC 3339, or what is missing; neither of a row left empty."""
    typed = {part: form.text(f"{part}-{row}") for part in _PARTS}
    missing = [part for part in _PARTS if not _reads(part, typed[part])]
    if missing:
        return None, [slot_fault(visit, row, part) for part in missing] if any(typed.values()) else []
    day = date.fromisoformat(typed["date"])
    return {part: _at(day, typed[part]) for part in ("begins", "ends")}, []


def slot_fault(visit: PageVisit, row: int, part: str = "date") -> InputFault:
    """Say that a part of a time is missing."""
    return InputFault(pointer=f"#/{part}-{row}", detail=visit.t(f"frame.slots.no-{part}"))


def _reads(part: str, text: str) -> bool:
    try:
        date.fromisoformat(text) if part == "date" else time.fromisoformat(text)
    except ValueError:
        return False
    return True


def _at(day: date, text: str) -> str:
    clock = time.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    return datetime.combine(day, clock, SHENZHEN).isoformat()
