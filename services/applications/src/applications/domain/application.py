"""An application: the facts that are known of it, and what follows from them.

Answers arrive in any order, more than once, and some too late. They are therefore kept as facts, each in its own
place, and everything else (what is proven, where it stands) is derived from the facts; so every order of the same
answers leads to the same application.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from applications.domain.inquiry_code import digest_of
from applications.domain.people import Party
from applications.domain.presence import Helper
from applications.domain.record import Aggregate, ApplicationsModel, PersonRole, Value
from runtime.derived import derived

State = Literal["draft", "in-progress", "returned", "approved", "rejected", "withdrawn"]
Standing = Literal["waiting", "in-review", "proven", "returned", "refused"]
ByLanguage = Mapping[str, str] | None
"""What a person said, by language, where it names a standard reason; None: as it was written."""
FINAL: frozenset[State] = frozenset({"approved", "rejected", "withdrawn"})


class ApplicationScan(ApplicationsModel):
    """A scan that was handed in for a requirement, for the submission numbered `attempt`."""

    id: str
    requirement: str
    document_type: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    attempt: int


class ComparedField(ApplicationsModel):
    """How one field compared where it was not equal; `reason` is a message key of the matcher."""

    field: str
    result: str
    reason: str | None
    claimed: Value | None = None
    held: Value | None = None


class MatchResult(ApplicationsModel):
    """The matcher's answer; `fields` are those that were not equal."""

    proven: bool
    document_type: str
    source: str | None = None
    reviewable: bool = True
    held: bool = True
    """Whether anything was there to compare with."""
    fields: tuple[ComparedField, ...] = ()


class ReviewTask(ApplicationsModel):
    """A document is with a department, until `due_on`."""

    task_id: str
    department: str
    document_type: str
    due_on: date


class Review(ApplicationsModel):
    """What a person found; `field` and `text` say what to correct, or `fields` and `text` why it was refused."""

    verdict: Literal["approved", "rejected", "returned"]
    department: str
    document_type: str
    field: str | None = None
    fields: tuple[str, ...] = ()
    text: str | None = None
    texts: ByLanguage = None


class AskedRequirement(ApplicationsModel):
    """One document that this application needs, and the answers to its newest attempt."""

    key: str
    document_types: tuple[str, ...]
    holder: PersonRole
    attempt: int
    claims_digest: str
    match: MatchResult | None = None
    task: ReviewTask | None = None
    review: Review | None = None

    @property
    def standing(self) -> Standing:
        """What follows from the answers."""
        if (self.match and self.match.proven) or (self.review and self.review.verdict == "approved"):
            return "proven"
        if self.review is not None:
            return "refused" if self.review.verdict == "rejected" else "returned"
        if self.match is not None and not self.match.reviewable:
            return "refused"
        return "in-review" if self.match or self.task else "waiting"

    @property
    def proof(self) -> tuple[str, str] | None:
        """The document type that proved it and the source, `person` where somebody looked; None while unproven."""
        if self.match is not None and self.match.proven:
            return self.match.document_type, self.match.source or ""
        if self.review is not None and self.review.verdict == "approved":
            return self.review.document_type, "person"
        return None


class Escalation(ApplicationsModel):
    """A task that was not done in time and now belongs to somebody else."""

    task_id: str
    kind: Literal["review", "field-check", "decision"]
    requirement: str | None
    department: str
    due_on: date


class VisitSlot(ApplicationsModel):
    """A time in which somebody comes to the door."""

    begins: datetime
    ends: datetime


class DoorVisit(ApplicationsModel):
    """What is agreed of the visit at the door; `sequence` is that of the news, of which the newest counts."""

    state: Literal["offered", "proposed", "agreed", "declined"]
    offered: tuple[VisitSlot, ...] = ()
    slot: VisitSlot | None = None
    sequence: int


class CaseQuestion(ApplicationsModel):
    """What a person was asked beyond the documents: to look at the address, or to decide. `yes` is None until then."""

    asked_at: datetime
    due_on: date
    department: str
    yes: bool | None = None
    text: str | None = None
    texts: ByLanguage = None
    visit: DoorVisit | None = None


class Granted(ApplicationsModel):
    """The credential that the approval granted."""

    document_type: str
    holder: PersonRole
    fields: Mapping[str, Value]
    valid_from: date
    valid_until: date | None


class Happening(ApplicationsModel):
    """A line of the timeline; `fields` are what a return or rejection is about."""

    at: datetime
    kind: str
    requirement: str | None = None
    attempt: int | None = None
    document_type: str | None = None
    department: str | None = None
    source: str | None = None
    due_on: date | None = None
    fields: tuple[str, ...] = ()
    text: str | None = None
    texts: ByLanguage = None
    slots: tuple[VisitSlot, ...] = ()


class Application(Aggregate):
    """One application of one resident for one item."""

    reference: str
    item: str
    state: State = "draft"
    applicant_id: str
    subject_id: str = ""
    second_party_index: str | None = None
    """Blind index of the number that the applicant gave, whoever has it: a resident, somebody not yet, or nobody."""
    second_party_id: str | None = None
    applicant: Party
    subject: Party
    second_party: Party | None = None
    form: Mapping[str, Value] = {}
    submitted_form: Mapping[str, Value] | None = None
    """The form as it was submitted last; None: in a draft, or by an earlier release."""
    scans: tuple[ApplicationScan, ...] = ()
    evidence: Mapping[str, Mapping[str, Literal["use", "decline"]]] = {}
    """What of the evidence the applicant lets be used, by requirement and record (`evidence_choices.py`)."""
    helper: Helper | None = None
    """Who typed it for the applicant, who stood there with the card; None: nobody did."""
    created_at: datetime
    attempt: int = 0
    submitted_at: datetime | None = None
    due_on: date | None = None
    asked: tuple[AskedRequirement, ...] = ()
    confirmed_at: datetime | None = None
    confirmed_form: str | None = None
    declined: str | None = None
    unanswered: bool = False
    """Nobody answered as second party in time."""
    check: CaseQuestion | None = None
    ruling: CaseQuestion | None = None
    escalations: tuple[Escalation, ...] = ()
    decided_at: datetime | None = None
    granted: Granted | None = None
    history: tuple[Happening, ...] = ()
    inquiry_code: str = ""
    """With which the holder of the receipt asks for progress; empty: begun under an earlier release."""

    @derived
    def inquiry_digest(self) -> str | None:
        """By what an inquiry finds it."""
        return digest_of(self.inquiry_code) if self.inquiry_code else None

    @property
    def people(self) -> dict[PersonRole, Party]:
        people: dict[PersonRole, Party] = {"applicant": self.applicant, "subject": self.subject}
        return people if self.second_party is None else {**people, "second-party": self.second_party}

    @property
    def is_final(self) -> bool:
        """Whether it has been decided or withdrawn."""
        return self.state in FINAL

    @property
    def awaits_confirmation(self) -> bool:
        """Whether the second party still has to confirm."""
        answered = self.confirmed_at is not None or self.declined is not None or self.unanswered
        return self.second_party_index is not None and not answered

    @property
    def decided_by(self) -> Literal["automatic", "officer"]:
        """Whether a person's word decided it: the deciding officer's, the grid officer's, a reviewer's refusal."""
        questioned = any(q is not None and q.yes is not None for q in (self.check, self.ruling))
        refused = any(asked.review is not None and asked.review.verdict == "rejected" for asked in self.asked)
        return "officer" if questioned or refused else "automatic"

    @property
    def took_people(self) -> bool:
        """Whether any person had to look at anything."""
        reviewed = any(asked.review is not None or asked.task is not None for asked in self.asked)
        return reviewed or self.check is not None or self.ruling is not None

    def asked_for(self, key: str) -> AskedRequirement | None:
        return next((asked for asked in self.asked if asked.key == key), None)

    def with_asked(self, changed: AskedRequirement) -> Application:
        asked = tuple(changed if each.key == changed.key else each for each in self.asked)
        return self.model_copy(update={"asked": asked})

    def noting(self, happening: Happening) -> Application:
        """Add a line to the timeline, once, in the order of time."""
        if happening in self.history:
            return self
        history = sorted((*self.history, happening), key=_order)
        return self.model_copy(update={"history": tuple(history)})


def _order(happening: Happening) -> tuple[datetime, str, str, int]:
    return happening.at, happening.kind, happening.requirement or "", happening.attempt or 0
