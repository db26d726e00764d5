"""The narrow views of other services' events: just what becomes a task, or ends one."""

from __future__ import annotations

from datetime import date, datetime

from bus.event import View
from review_dispatch.domain.record import Value


class CasesErased(View):
    """applications.data-erased: the data of these cases is gone."""

    cases: list[str]


class Holder(View):
    """Whose document it is."""

    resident_id: str
    index: str


class Scan(View):
    """A scan by reference."""

    scan_id: str
    document_type: str
    media_type: str
    size: int
    sha256: str


class ComparedValues(View):
    """One field, claimed and held."""

    field: str
    result: str
    reason: str | None = None
    claimed: Value | None = None
    held: Value | None = None
    source: str | None = None


class FormAnswer(View):
    """An answer of the form that a field of the document is compared with."""

    field: str
    key: str
    label: dict[str, str]


class FailedDocument(View):
    """A document that is not proven; a person may look at it if it is `reviewable`."""

    requirement: str
    attempt: int
    document_type: str
    document_types: list[str]
    holder: Holder
    fields: list[ComparedValues]
    claims: dict[str, Value]
    scans: list[Scan]
    reviewable: bool
    evidence_id: str | None = None
    answers: list[FormAnswer] | None = None


class MatchFailed(View):
    """Documents are not proven."""

    application_id: str
    item: str
    documents: list[FailedDocument]
    community: str | None
    due_on: date | None = None


class FieldCheckRequested(View):
    """Somebody must look at an address by `due_on`."""

    application_id: str
    item: str
    applicant_name: str
    address: str
    community: str
    due_on: date
    concerns: tuple[Holder, ...] = ()


class Proven(View):
    """A requirement that has been proven."""

    requirement: str
    document_type: str
    source: str


class DecisionRequested(View):
    """An officer of `department` decides by `due_on`."""

    application_id: str
    item: str
    department: str
    subject_name: str
    proven: list[Proven]
    due_on: date
    concerns: tuple[Holder, ...] = ()


class ApplicationEnded(View):
    """The application was withdrawn or rejected: what waits for it is void."""

    application_id: str


class CorrectionRequested(View):
    """A resident says that a value is wrong; the department that keeps the document is to answer."""

    correction_id: str
    holder: Holder
    document_type: str
    credential_id: str | None
    identifier: str | None
    origin: str | None
    field: str
    says: Value | None
    should_say: Value
    reason: str


class HeldDocument(View):
    """A valid credential that a document may be."""

    credential_id: str
    identifier: str
    fields: dict[str, Value]
    origin: str
    valid_from: date
    valid_until: date | None


class DuplicateSuspected(View):
    """A document may be one that is held; of an approval (`task_id`) nothing is stored before that is answered."""

    task_id: str | None
    application_id: str | None
    credential_id: str | None
    document_type: str
    holder: Holder
    fields: dict[str, Value]
    held: tuple[HeldDocument, ...]
    other_than: tuple[str, ...]


class AccessDisputed(View):
    """A resident disputes a look at their data; `department` is that of whoever looked, where it is known."""

    dispute_id: str
    holder: Holder
    department: str | None
    by: str
    role: str
    how: str
    what: str
    document_types: list[str]
    application_id: str | None
    item: str | None
    purpose: str | None
    accessed_at: datetime
    reason: str
