"""What is checked of every record from outside before anything is stored. Each fault names its place and its rule."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Literal

from messaging.envelope import BrokenMessageError
from messaging.event import Received
from standards.document_fields import faults_in

News = Literal["news", "known", "older-than-held", "sequence-reused"]
"""What a record is to whoever holds others: something new, what is held already, or one of two faults."""


def publisher_of(event: Received[Any]) -> str:
    """Return who published it: the first word of its routing key, which the broker lets nobody forge."""
    return event.type.partition(".")[0]


def check_source(event: Received[Any]) -> None:
    """Raise BrokenMessageError for an event that names another source than its publisher."""
    expected = f"/yizheng/{publisher_of(event)}"
    if event.source != expected:
        raise BrokenMessageError("wrong-source", "/source", f"{expected!r}, as {event.type!r} is its routing key")


def check_department(department: str, event: Received[Any]) -> None:
    """Raise BrokenMessageError for a record in another department's name."""
    publisher = publisher_of(event)
    if department != publisher:
        raise BrokenMessageError("wrong-department", "/data/department", f"{publisher!r}, who publishes it")


def check_known(document_type: str, known: Container[str]) -> None:
    """Raise BrokenMessageError for a document type that nobody here knows; waiting will not make it known."""
    if document_type not in known:
        raise BrokenMessageError("unknown-document-type", "/data/document_type", "one of the district's document types")


def check_kept(document_type: str, kept_by: str, event: Received[Any]) -> None:
    """Raise BrokenMessageError for a record of a document type that its publisher does not keep."""
    publisher = publisher_of(event)
    if kept_by != publisher:
        rule = f"a document type that {publisher!r} keeps; {document_type!r} is kept by {kept_by!r}"
        raise BrokenMessageError("document-type-not-kept", "/data/document_type", rule)


def check_fields(document_type: str, fields: Mapping[str, object]) -> None:
    """Raise BrokenMessageError for the first field that is missing or holds what is not of its kind."""
    fault = next(faults_in(document_type, fields), None)
    if fault is not None:
        raise BrokenMessageError(fault.reason, f"/data/fields/{fault.field}", fault.rule)


def is_news(news: News, held: int, event: Received[Any]) -> bool:
    """Tell whether a record has to be stored; False for what is held already.

    Raises BrokenMessageError naming the sequence that is held for an older record, and for another one under it. What
    an operator has delivered once more may be older, and nobody has to be told.
    """
    if news == "older-than-held":
        if event.is_redelivered:
            return False
        raise BrokenMessageError(news, "/data/sequence", f"greater than {held}, which is held")
    if news == "sequence-reused":
        raise BrokenMessageError(news, "/data/sequence", f"greater than {held}, under which something else is held")
    return news == "news"
