"""The events that the matcher owns: what a comparison with the evidence found."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from messaging.event import PERSONAL, Event

Value = str | bool | int | list[str]
Source = Literal["city-mirror", "district-store", "department-record"]


class Part(BaseModel):
    """A piece of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose document it is."""

    resident_id: str
    index: str


class Scan(Part):
    """A scan by reference, passed on from the submitted document."""

    scan_id: str
    document_type: str
    media_type: str
    size: int
    sha256: str


class Compared(Part):
    """One field: the result, and for `close` and `different` the reason's message key."""

    field: str
    result: Literal["equal", "close", "different", "missing", "expired", "revoked"]
    reason: str | None = None


class ComparedValues(Compared):
    """One field with what was claimed and what is held, side by side, for the reviewer."""

    claimed: Annotated[Value | None, Field(json_schema_extra=PERSONAL)] = None
    held: Annotated[Value | None, Field(json_schema_extra=PERSONAL)] = None
    source: Source | None = None


class Holding(Part):
    """A document that government already holds."""

    document_type: str
    source: Source
    valid_until: date | None


class MatchSucceeded(Event):
    """The requirement is proven by `document_type`, from the first source that proves it, field by field."""

    type: ClassVar[str] = "matcher.match-succeeded.v1"
    application_id: str
    item: str
    requirement: str
    attempt: int
    document_type: str
    holder: Holder
    source: Source
    evidence_id: str
    valid_until: date | None
    fields: list[Compared]


class MatchFailed(Event):
    """The requirement is not proven: why, field by field, for the nearest evidence of `document_type`."""

    type: ClassVar[str] = "matcher.match-failed.v1"
    application_id: str
    item: str
    requirement: str
    attempt: int
    document_type: str
    document_types: list[str]
    holder: Holder
    fields: list[ComparedValues]
    claims: Annotated[dict[str, Value], Field(json_schema_extra=PERSONAL)]
    scans: list[Scan]
    reviewable: bool
    community: str | None


class HoldingsChanged(Event):
    """Which documents government holds for a registered resident: those that need not be brought.

    `sequence` counts up for each holder; only the newest counts.
    """

    type: ClassVar[str] = "matcher.holdings-changed.v1"
    resident_id: str
    holder_index: str
    holdings: list[Holding]
    sequence: int
