"""What the resident's pages read of the answers about applications."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from portal.frame.calls import Answer
from portal.resident.catalogue_answers import Named, Promise, Value


class Person(Answer):
    """Somebody in an application."""

    resident_id: str
    name: str


class Now(Answer):
    """One thing that an application waits for."""

    doing: str
    text: str
    requirement: str | None
    field: Named | None
    claimed: str | None
    held: str | None
    due_on: date | None


class ApplicationSummary(Answer):
    """An application in a list."""

    application_id: str
    version: int
    reference: str
    item: Named
    state: str
    state_name: str
    subject: Person
    created_at: datetime
    submitted_at: datetime | None
    due_text: str | None
    decided_at: datetime | None
    now: tuple[Now, ...]


class Applications(Answer):
    """One page of applications, the newest first."""

    items: tuple[ApplicationSummary, ...]
    next: str | None = None


class Prefilled(Answer):
    """The answer that is taken where the applicant gives none."""

    field: str
    label: str
    value: Value
    document: Named | None
    source_name: str | None


class EvidenceChoice(Answer):
    """What the applicant chose about one record that government holds."""

    requirement: str
    evidence_id: str
    choice: str


class Proof(Answer):
    """What proved a document."""

    document_type: Named
    source_name: str


class Correctable(Answer):
    """A value of a record that its keeper can be asked to correct."""

    document_type: Named
    field: Named
    resident_id: str


class Reason(Answer):
    """Why something is not proven or was refused, and what to do about it."""

    text: str
    action: str
    claimed: str | None
    held: str | None
    correctable: Correctable | None = None


class Document(Answer):
    """A document that an application needs, and where it stands."""

    requirement: str
    any_of: tuple[Named, ...]
    holder: str
    holder_name: str
    standing: str
    standing_name: str
    proof: Proof | None
    failures: tuple[Reason, ...]


class Scan(Answer):
    """A scan that was handed in."""

    scan_id: str
    requirement: str
    document_type: Named
    media_type: str
    size: int
    uploaded_at: datetime


class StoredCredential(Answer):
    """The credential under which a grant is kept."""

    credential_id: str
    identifier: str
    status_name: str


class GrantedField(Answer):
    """What a granted credential says in one field."""

    field: Named
    value: Value


class Grant(Answer):
    """What an approval granted."""

    document_type: Named
    labelled: tuple[GrantedField, ...]
    valid_from: date
    valid_until: date | None
    credential: StoredCredential | None


class OtherParty(Answer):
    """The second party, as the applicant may know it."""

    role: str
    name: str | None
    confirmed_at: datetime | None
    declined: bool


class Satisfaction(Answer):
    """What the applicant thought of it."""

    score: int
    comment: str | None


class Application(ApplicationSummary):
    """An application as its applicant sees it."""

    applicant: Person
    second_party: OtherParty | None
    form: Mapping[str, Value]
    prefilled: tuple[Prefilled, ...]
    evidence: tuple[EvidenceChoice, ...]
    documents: tuple[Document, ...]
    scans: tuple[Scan, ...]
    reasons: tuple[Reason, ...]
    granted: Grant | None
    satisfaction: Satisfaction | None

    @property
    def child(self) -> str:
        """The child that it is for; empty when it is for the applicant."""
        subject = self.subject.resident_id
        return "" if subject == self.applicant.resident_id else subject

    @property
    def is_open_to_change(self) -> bool:
        """Whether it waits for its applicant."""
        return self.state in {"draft", "returned"}


class Happening(Answer):
    """One thing that happened."""

    at: datetime
    text: str


class Timeline(Answer):
    """Where an application stands, and how it came there."""

    state: str
    state_name: str
    due_text: str | None
    now: tuple[Now, ...]
    happenings: tuple[Happening, ...]


class HeldField(Answer):
    """One value that government holds."""

    label: str
    text: str


class Held(Answer):
    """A record that government holds: what it says, who keeps it, how old it is, whether it counts."""

    evidence_id: str
    document_type: Named
    keeper: Named
    age_text: str
    valid_until: date | None
    standing: str
    standing_name: str
    fields: tuple[HeldField, ...]


class RequirementHeld(Answer):
    """What is held for one requirement. `proven`: nothing more is needed."""

    requirement: str
    holder: str
    any_of: tuple[Named, ...]
    proven: bool
    held: tuple[Held, ...]


class Evidence(Answer):
    """What government holds of a person for one item."""

    requirements: tuple[RequirementHeld, ...]


class Ward(Answer):
    """A child for whom the person may act."""

    child_id: str
    name: str


class Wards(Answer):
    """All of them."""

    items: tuple[Ward, ...]


class Standing(Answer):
    """Who stands at a window or a terminal with the card, until when, and for which children they may act."""

    presence_id: str
    resident_id: str
    name: str
    ends_at: datetime
    wards: tuple[Ward, ...]


class ConfirmationAnswer(Answer):
    """An answer of the applicant's form."""

    label: str
    value: Value


class Confirmation(Answer):
    """What somebody applied for and the second party is to confirm."""

    application_id: str
    version: int
    item: Named
    applicant_name: str
    form: tuple[ConfirmationAnswer, ...]
    statement: str
    terms_sha256: str
    due_on: date | None


class Confirmations(Answer):
    """What waits for a confirmation."""

    items: tuple[Confirmation, ...]


class ReceiptAnswer(Answer):
    """A question and what was answered."""

    label: str
    value: str


class ReceiptDocument(Answer):
    """A document, what proves it and since when."""

    any_of: tuple[Named, ...]
    holder_name: str
    standing_name: str
    proof: Proof | None
    proven_on: date | None
    scans: int


class ReceiptParty(Answer):
    """The second party by role."""

    role: str
    name: str | None
    confirmed_on: date | None


class Receipt(Answer):
    """Everything that a page on paper says of an application."""

    number: str
    code: str
    inquiry_text: str
    item: Named
    department: Named
    applicant: str
    subject: str | None
    second_party: ReceiptParty | None
    submitted_at: datetime
    state_name: str
    promise: Promise
    due_text: str | None
    answers: tuple[ReceiptAnswer, ...]
    documents: tuple[ReceiptDocument, ...]
    issued_at: datetime
