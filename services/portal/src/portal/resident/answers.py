"""What the resident's pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime

from portal.frame.calls import Answer


class Named(Answer):
    """A code with its name in the person's language."""

    code: str
    name: str


class Promise(Answer):
    """By when it is decided."""

    text: str


class ItemSummary(Answer):
    """An item in a list."""

    code: str
    name: str
    description: str
    for_whom: str
    department: Named
    subject: str
    promise: Promise
    grants: Named | None


class Items(Answer):
    """One page of the catalogue."""

    items: tuple[ItemSummary, ...]
    next: str | None = None


class Now(Answer):
    """What an application waits for."""

    doing: str
    text: str
    requirement: str | None
    field: Named | None
    claimed: str | None
    held: str | None
    due_on: date | None


class Person(Answer):
    """Somebody in an application."""

    resident_id: str
    name: str


class ApplicationSummary(Answer):
    """An application in a list."""

    application_id: str
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


class Confirmation(Answer):
    """What somebody applied for and the second party is to confirm."""

    application_id: str
    item: Named
    applicant_name: str
    due_on: date | None


class Confirmations(Answer):
    """What waits for a confirmation."""

    items: tuple[Confirmation, ...]


class Credential(Answer):
    """A credential in a list."""

    credential_id: str
    document_type: str
    document_type_name: str
    status_code: str
    status_name: str
    valid_from: date
    valid_until: date | None


class Credentials(Answer):
    """One page of credentials."""

    items: tuple[Credential, ...]
    next: str | None = None
