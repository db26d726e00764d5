"""Looks: whoever tries what would match for a resident is remembered where the resident can read it."""

from __future__ import annotations

from datetime import datetime

from matcher.domain.evidence import Piece


class Look(Piece):
    """`official` tried on `at`, for this purpose, what would match for this resident and item."""

    id: str
    version: int = 0
    resident_id: str
    item: str
    official: str
    purpose: str
    at: datetime
