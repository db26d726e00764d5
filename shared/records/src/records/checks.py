"""What is checked of every record from outside before anything is stored. Each fault names its place and its rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Literal

import orjson

from bus.envelope import BrokenMessageError
from bus.event import Received
from records.parts import NUMBER_FOR_INDEX, is_number
from standards.bounds import LARGEST_RECORD, MOST_RECORDS
from standards.document_types import faults_in, fields_of

News = Literal["news", "known", "older-than-held", "sequence-reused"]
"""What a record is to whoever holds others: something new, what is held already, or one of two faults."""


def publisher_of(event: Received[Any]) -> str:
    """Return who published it: the first word of its routing key, which the broker lets nobody forge."""
    return event.type.partition(".")[0]


def check_source(event: Received[Any]) -> None:
    """Raise BrokenMessageError for an event that names another source than its publisher."""
    expected = f"/yizheng/{publisher_of(event)}"
    if event.source != expected:
        rule = f"{expected!r}, as {event.type!r} is its routing key"
        raise BrokenMessageError("wrong-source", "/source", rule, {"expected": expected})


def check_case(event: Received[Any]) -> None:
    """Raise BrokenMessageError for an event that belongs to an identity number: it would stand in every log."""
    if is_number(event.case):
        raise BrokenMessageError(NUMBER_FOR_INDEX, "/correlationid", "the holder's blind index")


def check_department(department: str, event: Received[Any]) -> None:
    """Raise BrokenMessageError for a record in another department's name."""
    publisher = publisher_of(event)
    if department != publisher:
        rule = f"{publisher!r}, who publishes it"
        raise BrokenMessageError("wrong-department", "/data/department", rule, {"expected": publisher})


def check_known(document_type: str, known: Collection[str], offered: Collection[str] | None = None) -> None:
    """Raise BrokenMessageError for a document type that nobody here knows; waiting will not make it known.

    `offered` are the types that its sender may choose from, by default all that are known.
    """
    if document_type not in known:
        rule, choices = "one of the district's document types", _listed(known if offered is None else offered)
        raise BrokenMessageError("unknown-document-type", "/data/document_type", rule, {"choices": choices})


def check_kept(document_type: str, kept: Collection[str], event: Received[Any]) -> None:
    """Raise BrokenMessageError for a record of a document type that its publisher does not keep."""
    if document_type not in kept:
        rule = f"a document type that {publisher_of(event)!r} keeps"
        params = {"choices": _listed(kept)}
        raise BrokenMessageError("document-type-not-kept", "/data/document_type", rule, params)


def check_room(held: int) -> None:
    """Raise BrokenMessageError for one more record of a person of whom so many are held: nobody has so many."""
    if held >= MOST_RECORDS:
        rule = f"at most {MOST_RECORDS} records of one holder"
        raise BrokenMessageError("holder-full", "/data/holder_index", rule, {"most": MOST_RECORDS})


def check_size(fields: Mapping[str, object]) -> None:
    """Raise BrokenMessageError for more than any document says."""
    if (size := len(orjson.dumps(fields))) > LARGEST_RECORD:
        rule = f"at most {LARGEST_RECORD} bytes of JSON, not {size}"
        raise BrokenMessageError("record-too-large", "/data/fields", rule, {"most": LARGEST_RECORD, "length": size})


def check_fields(document_type: str, fields: Mapping[str, object]) -> None:
    """Raise BrokenMessageError for the first field that is missing or holds what is not of its kind, or too much."""
    check_size(fields)
    fault = next(faults_in(document_type, fields), None)
    if fault is None:
        return
    kind, value = fields_of(document_type)[fault.field], fields.get(fault.field)
    reason = NUMBER_FOR_INDEX if kind == "key" and is_number(value) else fault.reason
    params: dict[str, str | int] = {"field": fault.field, "fault": f"kind-{kind}", **fault.params}
    raise BrokenMessageError(reason, f"/data/fields/{fault.field}", fault.rule, params)


def check_term(valid_from: date | None, valid_until: date | None) -> None:
    """Raise BrokenMessageError for a record that ends before it begins: it would be valid on no day."""
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        rule = f"{valid_from} or later, as valid_from says"
        raise BrokenMessageError("term-reversed", "/data/valid_until", rule, {"begins": valid_from.isoformat()})


def is_news(news: News, held: int, event: Received[Any]) -> bool:
    """Tell whether a record has to be stored; False for what is held already.

    Raises BrokenMessageError naming the sequence that is held for an older record, and for another one under it. What
    an operator has delivered once more may be older, and nobody has to be told.
    """
    if news == "older-than-held":
        if event.is_redelivered:
            return False
        raise BrokenMessageError(news, "/data/sequence", f"greater than {held}, which is held", {"held": held})
    if news == "sequence-reused":
        rule = f"greater than {held}, under which something else is held"
        raise BrokenMessageError(news, "/data/sequence", rule, {"held": held})
    return news == "news"


def _listed(codes: Collection[str]) -> str:
    return ", ".join(sorted(codes))
