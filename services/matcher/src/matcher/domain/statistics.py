"""How much evidence there is: numbers only, nobody's values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Counted:
    """How many records of a document type a source has in a status."""

    source: str
    document_type: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """All records as counted at one moment, and about how many people they are."""

    counted_at: datetime
    people: int
    registered: int
    records: tuple[Counted, ...]
