"""What an applicant sees of an application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from applications.api.document_views import ApplicationDocumentView, ApplicationScanView, FailureReasonView
from applications.api.labels import LabelledCode, Labels
from applications.api.prefilled_views import PrefilledView
from applications.domain.application import Application, State
from applications.domain.evidence_choices import Choice
from applications.domain.pending_steps import PendingStep, expected, pending_steps
from applications.domain.reasons import reasons_of
from applications.domain.record import PersonRole, Value
from applications.domain.task_claims import TaskClaim, Work, since
from applications.handlers.queries import SeenApplication
from standards import mask
from standards.credential_status import WORDS


class PersonView(BaseModel):
    """Somebody in an application."""

    resident_id: str
    name: str


class ApplicationSecondPartyView(BaseModel):
    """Who must confirm. The name, masked, is told once they have: the applicant gave only a number."""

    role: str
    name: str | None
    confirmed_at: datetime | None
    declined: bool


_WORK: Mapping[str, Work] = {"reviewing": "review", "checking": "field-check", "deciding": "decision"}


class NowView(BaseModel):
    """One thing that the application waits for: who has it, for what, by when."""

    doing: str
    text: str
    requirement: str | None
    department: LabelledCode | None
    field: LabelledCode | None
    """What is to be corrected, as the form calls it; `scans` where a new scan is asked for."""
    claimed: str | None
    held: str | None
    due_on: date | None
    since: datetime | None
    """Since when somebody has been at it; null while it waits in a queue, and for what needs nobody."""

    @classmethod
    def of(cls, where: PendingStep, application: Application, wording: Labels, hands: Sequence[TaskClaim] = ()) -> Self:
        """Show what is waited for."""
        kind = where.document_type
        work = _WORK.get(where.doing)
        beside = wording.beside(application, where.requirement, where.field)
        return cls(
            doing=where.doing,
            text=wording.whereabouts(where, application),
            requirement=where.requirement,
            department=wording.department(where.department) if where.department else None,
            field=wording.answer(application, where.requirement, kind, where.field) if kind and where.field else None,
            claimed=beside.claimed,
            held=beside.held,
            due_on=where.due_on,
            since=since(hands, work, where.requirement) if work else None,
        )


class GrantedCredentialView(BaseModel):
    """The credential under which the grant is kept; null until the credential store has stored it."""

    credential_id: str
    identifier: str
    status: str
    """In a word that an earlier release told; `status_code`, `status_word` and `status_name` are as everywhere."""
    status_code: str
    status_word: str
    status_name: str


class GrantedFieldView(BaseModel):
    """What the granted credential says in one field."""

    field: LabelledCode
    value: Value


class GrantView(BaseModel):
    """What the approval granted."""

    document_type: LabelledCode
    holder: PersonRole
    fields: Mapping[str, Value]
    labelled: list[GrantedFieldView]
    """The same with the names of the fields."""
    valid_from: date
    valid_until: date | None
    credential: GrantedCredentialView | None


class EvidenceChoiceView(BaseModel):
    """What the applicant chose about one record that government holds."""

    requirement: str
    evidence_id: str
    choice: Choice
    choice_name: str


class SatisfactionView(BaseModel):
    """What the applicant thought of it."""

    score: int
    comment: str | None


class ApplicationSummary(BaseModel):
    """An application in a list."""

    application_id: str
    version: int
    reference: str
    item: LabelledCode
    state: State
    state_name: str
    subject: PersonView
    created_at: datetime
    submitted_at: datetime | None
    due_on: date | None
    """By when the whole is done, not before any part of it; null while the promise has not begun."""
    due_text: str | None
    decided_at: datetime | None
    now: list[NowView]

    @classmethod
    def of(cls, application: Application, wording: Labels) -> Self:
        return cls(**_summary(application, wording))


class ApplicationView(ApplicationSummary):
    """An application as its applicant sees it."""

    applicant: PersonView
    second_party: ApplicationSecondPartyView | None
    attempt: int
    form: Mapping[str, Value]
    prefilled: list[PrefilledView]
    """For a draft or a returned application: what answers the form where the applicant has not."""
    evidence: list[EvidenceChoiceView]
    documents: list[ApplicationDocumentView]
    scans: list[ApplicationScanView]
    decided_by: str | None
    reasons: list[FailureReasonView]
    granted: GrantView | None
    satisfaction: SatisfactionView | None

    @classmethod
    def of(cls, application: Application, wording: Labels) -> Self:
        """Show an application that has just been changed."""
        return cls.seen(SeenApplication(application, None, None, ()), wording)

    @classmethod
    def seen(cls, seen: SeenApplication, wording: Labels) -> Self:
        application, decided = seen.application, seen.decided
        rejected = application.state == "rejected"
        rated = decided is not None and decided.score is not None
        return cls(
            **_summary(application, wording, seen.hands),
            applicant=PersonView(resident_id=application.applicant_id, name=application.applicant.name),
            second_party=_second_party(application, wording),
            attempt=application.attempt,
            form=application.form,
            prefilled=[PrefilledView.of(each, wording) for each in seen.prefilled],
            evidence=[
                EvidenceChoiceView(
                    requirement=key, evidence_id=id_, choice=choice, choice_name=wording.say(f"choices.{choice}")
                )
                for key, made in application.evidence.items()
                for id_, choice in made.items()
            ],
            documents=[ApplicationDocumentView.of(asked, application, wording) for asked in application.asked],
            scans=[ApplicationScanView.of(scan, wording) for scan in application.scans],
            decided_by=application.decided_by if application.decided_at else None,
            reasons=[FailureReasonView.of(reason, application, wording) for reason in reasons_of(application)]
            if rejected
            else [],
            granted=_granted(seen, wording),
            satisfaction=SatisfactionView(score=decided.score, comment=decided.comment)
            if decided is not None and decided.score is not None and rated
            else None,
        )


def _summary(application: Application, wording: Labels, hands: Sequence[TaskClaim] = ()) -> dict[str, object]:
    subject = application.subject
    return {
        "application_id": application.id,
        "version": application.version,
        "reference": application.reference,
        "item": wording.item(application.item),
        "state": application.state,
        "state_name": wording.state(application),
        "subject": PersonView(resident_id=subject.resident_id, name=subject.name),
        "created_at": application.created_at,
        "submitted_at": application.submitted_at,
        "due_on": found.due_on if (found := expected(application)) else None,
        "due_text": wording.expected(application),
        "decided_at": application.decided_at,
        "now": [NowView.of(where, application, wording, hands) for where in pending_steps(application)],
    }


def _second_party(application: Application, wording: Labels) -> ApplicationSecondPartyView | None:
    if application.second_party_index is None:
        return None
    person = application.second_party
    return ApplicationSecondPartyView(
        role=wording.role(application.item, "second-party"),
        name=mask.name(person.name) if person else None,
        confirmed_at=application.confirmed_at,
        declined=application.declined is not None,
    )


def _granted(seen: SeenApplication, wording: Labels) -> GrantView | None:
    granted, credential = seen.application.granted, seen.credential
    if granted is None:
        return None
    shown = {name: value for name, value in granted.fields.items() if not _is_index(seen, value)}
    return GrantView(
        document_type=wording.document(granted.document_type),
        holder=granted.holder,
        fields=shown,
        labelled=[
            GrantedFieldView(field=wording.field(granted.document_type, name), value=value)
            for name, value in shown.items()
        ],
        valid_from=granted.valid_from,
        valid_until=granted.valid_until,
        credential=credential
        and GrantedCredentialView(
            credential_id=credential.id,
            identifier=credential.identifier,
            status=credential.status,
            status_code=credential.code,
            status_word=WORDS.get(credential.code, credential.status),
            status_name=wording.say(f"credentials.{credential.code}"),
        ),
    )


def _is_index(seen: SeenApplication, value: Value) -> bool:
    """Tell whether a value is a blind index: a key for joining records, nothing to show."""
    return value in {person.index for person in seen.application.people.values()}
