"""What all records of this service have in common, and the steps that make up a history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from runtime.errors import Refusal, Refusals

StepKind = Literal[
    "registered",
    "card-renewed",
    "name-confirmed",
    "correction-permitted",
    "corrected",
    "suspended",
    "reinstated",
    "guardianship-registered",
    "guardianship-ended",
]


class IdentityModel(BaseModel):
    """Frozen data that knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedActor(IdentityModel):
    """Who did something: a clerk's staff number, a terminal's device id, or this service itself."""

    subject: str
    role: str


class FieldChange(IdentityModel):
    """One value that a step replaced, written as text."""

    field: str
    before: str | None
    after: str | None


class HistoryStep(IdentityModel):
    """One entry of a history: what was done, by whom, when (UTC), why, and what it changed."""

    what: StepKind
    by: RecordedActor
    at: datetime
    reason: str | None = None
    changes: tuple[FieldChange, ...] = ()


def refuse(faults: list[Refusal]) -> None:
    """Raise all faults together as Refusals, one as itself; do nothing when there is none."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Refusals(faults)
