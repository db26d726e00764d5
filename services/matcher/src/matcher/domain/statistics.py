"""How much evidence there is: numbers only, nobody's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from matcher.domain.evidence import Piece


class CountedItem(Piece):
    """How many records of a document type a source has in a status."""

    source: str
    document_type: str
    status: str
    count: int


class Statistics(Piece):
    """All records as counted at one moment, and about how many people they are."""

    counted_at: datetime
    people: int
    registered: int
    records: tuple[CountedItem, ...]


def counted(
    counted_at: datetime, people: int, registered: int, records: Mapping[tuple[str, str, str], int]
) -> Statistics:
    """Put a count together; `records` is by source, document type and status."""
    rows = tuple(
        CountedItem(source=source, document_type=document_type, status=status, count=count)
        for (source, document_type, status), count in sorted(records.items())
    )
    return Statistics(counted_at=counted_at, people=people, registered=registered, records=rows)
