"""What the resident's pages read of the answers about applications."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from portal.frame.calls import GatewayAnswer
from portal.resident.catalogue_answers import CatalogueNamed, Value


class OwnPerson(GatewayAnswer):
    """Somebody in an application."""

    resident_id: str
    name: str


class Now(GatewayAnswer):
    """One thing that an application waits for."""

    doing: str
    text: str
    requirement: str | None
    field: CatalogueNamed | None
    claimed: str | None
    held: str | None
    due_on: date | None


class OwnApplicationSummary(GatewayAnswer):
    """An application in a list."""

    application_id: str
    version: int
    reference: str
    item: CatalogueNamed
    state: str
    state_name: str
    subject: OwnPerson
    created_at: datetime
    submitted_at: datetime | None
    due_text: str | None
    decided_at: datetime | None
    now: tuple[Now, ...]


class OwnApplications(GatewayAnswer):
    """One page of applications, the newest first."""

    items: tuple[OwnApplicationSummary, ...]
    next: str | None = None


class OwnPrefilled(GatewayAnswer):
    """The answer that is taken where the applicant gives none."""

    field: str
    label: str
    value: Value
    document: CatalogueNamed | None
    source_name: str | None


class EvidenceChoice(GatewayAnswer):
    """What the applicant chose about one record that government holds."""

    requirement: str
    evidence_id: str
    choice: str


class OwnProof(GatewayAnswer):
    """What proved a document."""

    document_type: CatalogueNamed
    source_name: str


class OwnCorrectable(GatewayAnswer):
    """A value of a record that its keeper can be asked to correct."""

    document_type: CatalogueNamed
    field: CatalogueNamed
    resident_id: str


class OwnReason(GatewayAnswer):
    """Why something is not proven or was refused, and what to do about it."""

    text: str
    action: str
    claimed: str | None
    held: str | None
    correctable: OwnCorrectable | None = None


class OwnDocument(GatewayAnswer):
    """A document that an application needs, and where it stands."""

    requirement: str
    any_of: tuple[CatalogueNamed, ...]
    holder: str
    holder_name: str
    standing: str
    standing_name: str
    proof: OwnProof | None
    failures: tuple[OwnReason, ...]


class OwnScan(GatewayAnswer):
    """A scan that was handed in."""

    scan_id: str
    requirement: str
    document_type: CatalogueNamed
    media_type: str
    size: int
    uploaded_at: datetime


class OwnStoredCredential(GatewayAnswer):
    """The credential under which a grant is kept."""

    credential_id: str
    identifier: str
    status_name: str


class OwnGrant(GatewayAnswer):
    """What an approval granted."""

    document_type: CatalogueNamed
    valid_from: date
    valid_until: date | None
    credential: OwnStoredCredential | None


class OtherParty(GatewayAnswer):
    """The second party, as the applicant may know it."""

    role: str
    name: str | None
    confirmed_at: datetime | None
    declined: bool


class OwnSatisfaction(GatewayAnswer):
    """What the applicant thought of it."""

    score: int
    comment: str | None


class OwnApplication(OwnApplicationSummary):
    """An application as its applicant sees it."""

    applicant: OwnPerson
    second_party: OtherParty | None
    form: Mapping[str, Value]
    prefilled: tuple[OwnPrefilled, ...]
    evidence: tuple[EvidenceChoice, ...]
    documents: tuple[OwnDocument, ...]
    scans: tuple[OwnScan, ...]
    reasons: tuple[OwnReason, ...]
    granted: OwnGrant | None
    satisfaction: OwnSatisfaction | None

    @property
    def is_being_stored(self) -> bool:
        """Whether the credential store has yet to store what was granted."""
        return self.granted is not None and self.granted.credential is None

    @property
    def child(self) -> str:
        """The child that it is for; empty when it is for the applicant."""
        subject = self.subject.resident_id
        return "" if subject == self.applicant.resident_id else subject

    @property
    def is_open_to_change(self) -> bool:
        """Whether it waits for its applicant."""
        return self.state in {"draft", "returned"}


class OwnHappening(GatewayAnswer):
    """One thing that happened."""

    at: datetime
    text: str


class Timeline(GatewayAnswer):
    """Where an application stands, and how it came there."""

    state: str
    state_name: str
    due_text: str | None
    now: tuple[Now, ...]
    happenings: tuple[OwnHappening, ...]


class HeldField(GatewayAnswer):
    """One value that government holds."""

    label: str
    text: str


class OwnHeld(GatewayAnswer):
    """A record that government holds: what it says, who keeps it, how old it is, whether it counts."""

    evidence_id: str
    document_type: CatalogueNamed
    keeper: CatalogueNamed
    age_text: str
    valid_until: date | None
    standing: str
    standing_name: str
    fields: tuple[HeldField, ...]


class RequirementHeld(GatewayAnswer):
    """What is held for one requirement. `proven`: nothing more is needed."""

    requirement: str
    holder: str
    any_of: tuple[CatalogueNamed, ...]
    proven: bool
    held: tuple[OwnHeld, ...]


class OwnEvidence(GatewayAnswer):
    """What government holds of a person for one item."""

    requirements: tuple[RequirementHeld, ...]


class OwnWard(GatewayAnswer):
    """A child for whom the person may act."""

    child_id: str
    name: str


class OwnWards(GatewayAnswer):
    """All of them."""

    items: tuple[OwnWard, ...]


class Standing(GatewayAnswer):
    """Who stands at a window or a terminal with the card, until when, and for which children they may act."""

    presence_id: str
    resident_id: str
    name: str
    ends_at: datetime
    wards: tuple[OwnWard, ...]


class OwnConfirmationAnswer(GatewayAnswer):
    """An answer of the applicant's form."""

    label: str
    value: Value


class Confirmation(GatewayAnswer):
    """What somebody applied for and the second party is to confirm."""

    application_id: str
    version: int
    item: CatalogueNamed
    applicant_name: str
    form: tuple[OwnConfirmationAnswer, ...]
    statement: str
    terms_sha256: str
    due_on: date | None


class Confirmations(GatewayAnswer):
    """What waits for a confirmation."""

    items: tuple[Confirmation, ...]
