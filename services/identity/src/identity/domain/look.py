"""Looks at a person's data: each states a purpose and is kept where that person can read it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from identity.domain.record import Actor, Record

Seen = Literal["look-up", "record", "wards", "history", "looks"]


class Look(Record):
    """Somebody saw `seen` of a resident, for `purpose`, at a time (UTC)."""

    id: str
    version: int = 0
    resident_id: str
    by: Actor
    seen: Seen
    purpose: str
    at: datetime
