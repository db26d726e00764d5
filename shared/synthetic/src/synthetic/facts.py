"""Records as the outside world tells them: the mirror's lines and the events of the city and of departments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import orjson

from synthetic.records import CARRY_THE_NUMBER, SyntheticRecord, Value

Datum = str | int | None | Mapping[str, Value]

PUBLISHED, WITHDRAWN = 1, 2
"""The sequence of a record's publication and of its withdrawal."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An event of somebody outside: its type (the routing key), what it is about, and what it says.

    `data` names the holder by `number`; the client encrypts what describes the person. Told again it has another id,
    as its bytes are others then, and nothing changes.
    """

    id: str
    type: str
    case: str
    time: datetime
    data: Mapping[str, Datum]


def published(record: SyntheticRecord, at: datetime) -> Fact:
    return _fact(record, "published", at, _publication(record))


def withdrawn(record: SyntheticRecord, at: datetime) -> Fact:
    """Say that a record no longer holds."""
    data: dict[str, Datum] = {
        "record_id": record.record_id,
        "document_type": record.document_type,
        "number": record.number,
        "reason": record.withdrawn or "withdrawn",
        "sequence": WITHDRAWN,
    }
    return _fact(record, "withdrawn", at, data)


def departments_facts(records: Iterable[SyntheticRecord], at: datetime) -> Iterator[Fact]:
    """Say everything that only departments know, and what was withdrawn of it."""
    for record in records:
        if record.keeper == "department":
            yield published(record, at)
            if record.withdrawn:
                yield withdrawn(record, at)


def mirror_publications(records: Iterable[SyntheticRecord], at: datetime) -> Iterator[Fact]:
    """Say everything that the city's mirror holds, withdrawn or not."""
    return (published(record, at) for record in records if record.keeper == "city")


def mirror_withdrawals(records: Iterable[SyntheticRecord], at: datetime) -> Iterator[Fact]:
    """Say what the city has withdrawn of its mirror; the mirror's file holds publications only."""
    for record in records:
        if record.keeper == "city" and record.withdrawn:
            yield withdrawn(record, at)


def write_mirror(records: Iterable[SyntheticRecord], path: Path) -> int:
    """Write the city's mirror as JSON Lines, one record a line; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("wb") as file:
        for record in records:
            if record.keeper == "city":
                file.write(orjson.dumps(_publication(record), option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    return count


def _publication(record: SyntheticRecord) -> dict[str, Datum]:
    number = {"number": record.number} if record.document_type in CARRY_THE_NUMBER else {}
    return {
        "record_id": record.record_id,
        "document_type": record.document_type,
        "number": record.number,
        "fields": {**number, **record.fields},
        "valid_from": record.valid_from.isoformat() if record.valid_from else None,
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "sequence": PUBLISHED,
    }


def _fact(record: SyntheticRecord, verb: str, at: datetime, data: Mapping[str, Datum]) -> Fact:
    case = record.record_id
    fact_id = f"{record.record_id}-{data['sequence']}-{uuid4().hex[:12]}"
    if record.keeper == "city":
        return Fact(fact_id, f"city.city-record-{verb}.v2", case, at, data)
    owned = {**data, "department": record.department}
    return Fact(fact_id, f"{record.department}.department-record-{verb}.v2", case, at, owned)
