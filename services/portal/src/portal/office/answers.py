"""What the office's pages read of the interface's answers. A count that is None is fewer than five."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from portal.frame.calls import GatewayAnswer


class OfficeNamed(GatewayAnswer):
    """A code with its name in the official's language."""

    code: str
    name: str


class OfficeSatisfaction(GatewayAnswer):
    """What applicants thought; of how many."""

    satisfied_share: float | None
    share_text: str


class OfficePromise(GatewayAnswer):
    """How many had a promise, and which share was decided within it."""

    in_time_share: float | None
    share_text: str


class OfficeFigures(GatewayAnswer):
    """What was decided, and how."""

    decided: int | None
    automatic: int | None
    with_people: int | None
    automatic_share: float | None
    share_text: str
    satisfaction: OfficeSatisfaction
    promise: OfficePromise


class OfficeItemFigures(OfficeFigures):
    """Of one item, or of all."""

    item: OfficeNamed | None


class DepartmentFigures(OfficeFigures):
    """Of the items of one department."""

    department: OfficeNamed | None


class OfficeMonthFigures(OfficeFigures):
    """Of one month."""

    first: date
    last: date


class OfficeSource(GatewayAnswer):
    """Where proofs came from, and for how many nobody had to hand in anything."""

    source_name: str
    proofs: int | None
    not_handed_in: int | None


class OfficeDocumentType(GatewayAnswer):
    """Whether the review of a document type could be switched off now, in words."""

    document_type: OfficeNamed
    department: OfficeNamed
    can_switch_off: bool
    text: str


class OfficeJudgements(GatewayAnswer):
    """Of the figures of a month only which reviews could be switched off."""

    document_types: tuple[OfficeDocumentType, ...]


class OfficeStatistics(OfficeJudgements):
    """The figures of a month."""

    first: date
    last: date
    total: OfficeItemFigures
    items: tuple[OfficeItemFigures, ...]
    departments: tuple[DepartmentFigures, ...]
    months: tuple[OfficeMonthFigures, ...]
    """This one and those before it, the earliest first."""
    sources: tuple[OfficeSource, ...]
    documents: int | None
    documents_not_handed_in: int | None


class OfficeWaiting(GatewayAnswer):
    """What waits for people of one department."""

    kind: OfficeNamed
    department: OfficeNamed
    waiting: int | None
    overdue: int | None


class OfficeQueues(GatewayAnswer):
    """What waits for people."""

    queues: tuple[OfficeWaiting, ...]


Review = Literal["people", "automatic"]


class OfficeProposal(GatewayAnswer):
    """What one official proposes."""

    review: Review
    by: str
    at: datetime
    until: datetime
    reason: str


class OfficeStep(GatewayAnswer):
    """One entry of the history; by nobody: it went back by itself, and `text` says why."""

    at: datetime
    what: Literal["proposed", "rejected", "switched"]
    review: Review
    by: tuple[str, ...]
    reason: str | None
    text: str


class OfficeHeard(GatewayAnswer):
    """People who asked for a correction, and who had one made."""

    disputes: int
    overturned: int


class OfficeBack(OfficeHeard):
    """How many of them there may be within so many days."""

    days: int


class OfficeSwitch(GatewayAnswer):
    """Who reviews what fails to match of one document type."""

    document_type: OfficeNamed
    version: int
    review: Review
    since: datetime | None
    proposal: OfficeProposal | None
    heard: OfficeHeard
    back: OfficeBack
    history: tuple[OfficeStep, ...]

    @property
    def went_back(self) -> OfficeStep | None:
        """How it went back by itself, if that was the last that happened."""
        last = self.history[-1] if self.history else None
        return last if last is not None and last.what == "switched" and not last.by else None


class Switches(GatewayAnswer):
    """The switches of all document types that people review by the catalogue's data."""

    items: tuple[OfficeSwitch, ...]


class OfficeCase(GatewayAnswer):
    """An approval that would have been a refusal; nobody is named."""

    number: str
    text: str


class OfficeCases(GatewayAnswer):
    """One page of them, the latest first."""

    items: tuple[OfficeCase, ...]
    next: str | None = None


class OfficeRehearsal(GatewayAnswer):
    """What would have come of the decisions of the last 90 days."""

    since: datetime
    decided: int
    reviews_saved: int
    refused: int
    refused_anyway: int
    cases: OfficeCases
