"""What the office's pages read of the interface's answers. A count that is None is fewer than five."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from portal.frame.calls import Answer


class Named(Answer):
    """A code with its name in the official's language."""

    code: str
    name: str


class Satisfaction(Answer):
    """What applicants thought; of how many."""

    rated: int | None
    satisfied_share: float | None
    share_text: str


class Promise(Answer):
    """How many had a promise, and which share was decided within it."""

    promised: int | None
    in_time_share: float | None
    share_text: str


class Figures(Answer):
    """What was decided, and how."""

    decided: int | None
    automatic: int | None
    with_people: int | None
    automatic_share: float | None
    share_text: str
    satisfaction: Satisfaction
    promise: Promise


class ItemFigures(Figures):
    """Of one item, or of all."""

    item: Named | None


class DepartmentFigures(Figures):
    """Of the items of one department."""

    department: Named | None


class MonthFigures(Figures):
    """Of one month."""

    first: date
    last: date


class Source(Answer):
    """Where proofs came from, and for how many nobody had to hand in anything."""

    source_name: str
    proofs: int | None
    not_handed_in: int | None


class DocumentType(Answer):
    """Whether the review of a document type could be switched off now, in words."""

    document_type: Named
    department: Named
    can_switch_off: bool
    text: str


class Statistics(Answer):
    """The figures of a month."""

    first: date
    last: date
    total: ItemFigures
    items: tuple[ItemFigures, ...]
    departments: tuple[DepartmentFigures, ...]
    months: tuple[MonthFigures, ...]
    """This one and those before it, the earliest first."""
    sources: tuple[Source, ...]
    documents: int | None
    documents_not_handed_in: int | None
    document_types: tuple[DocumentType, ...]


class Waiting(Answer):
    """What waits for people of one department."""

    kind: Named
    department: Named
    waiting: int | None
    overdue: int | None


class Queues(Answer):
    """What waits for people."""

    queues: tuple[Waiting, ...]


Review = Literal["people", "automatic"]


class Proposal(Answer):
    """What one official proposes."""

    review: Review
    by: str
    at: datetime
    until: datetime
    reason: str


class Step(Answer):
    """One entry of the history; by nobody: it went back by itself, and `text` says why."""

    at: datetime
    what: Literal["proposed", "rejected", "switched"]
    review: Review
    by: tuple[str, ...]
    reason: str | None
    text: str


class Heard(Answer):
    """People who asked for a correction, and who had one made."""

    disputes: int
    overturned: int


class Back(Heard):
    """How many of them there may be within so many days."""

    days: int


class Switch(Answer):
    """Who reviews what fails to match of one document type."""

    document_type: Named
    version: int
    review: Review
    since: datetime | None
    proposal: Proposal | None
    heard: Heard
    back: Back
    history: tuple[Step, ...]

    @property
    def went_back(self) -> Step | None:
        """How it went back by itself, if that was the last that happened."""
        last = self.history[-1] if self.history else None
        return last if last is not None and last.what == "switched" and not last.by else None


class Switches(Answer):
    """The switches of all document types that people review by the catalogue's data."""

    items: tuple[Switch, ...]


class Case(Answer):
    """An approval that would have been a refusal; nobody is named."""

    number: str
    text: str


class Cases(Answer):
    """One page of them, the latest first."""

    items: tuple[Case, ...]
    next: str | None = None


class Rehearsal(Answer):
    """What would have come of the decisions of the last 90 days."""

    since: datetime
    decided: int
    reviews_saved: int
    refused: int
    refused_anyway: int
    cases: Cases
