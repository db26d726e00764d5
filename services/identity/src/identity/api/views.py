"""What callers see: never an identity number in clear, and to a terminal only what it needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from identity.domain.guardianship import OF_AGE, Guardianship, Relation
from identity.domain.record import FieldChange, HistoryStep, StepKind
from identity.domain.resident import Channel, Resident
from identity.handlers.queries import Ward
from runtime.clock import today, utc_now
from runtime.texts import Language, Texts
from standards import mask
from standards.identity_number import Kind, Sex

TEXTS = Texts.of("identity")


class SuspensionView(BaseModel):
    """Why and since when a resident is suspended."""

    reason: str
    since: datetime


class PermitView(BaseModel):
    """An approved correction that can be made at a window, once, until the end of the day `until`."""

    correction_id: str
    field: str
    value: str
    until: date


class ResidentView(BaseModel):
    """A resident as the person and clerks see it. `number` is masked; `community` a code.

    `corrections` are those that were approved and not made yet; what is over is no longer among them.
    """

    resident_id: str
    id_kind: Kind
    number: str
    name: str
    sex: Sex
    birth_date: date
    nationality_group: str
    address: str
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    community: str
    channel: Channel
    registered_at: datetime
    suspension: SuspensionView | None
    corrections: list[PermitView]

    @classmethod
    def of(cls, resident: Resident) -> Self:
        day = today(utc_now())
        suspension = resident.suspension
        return cls(
            resident_id=resident.id,
            id_kind=resident.id_kind,
            number=mask.number(resident.number),
            **resident.card.model_dump(),
            community=resident.place.community,
            channel=resident.place.channel,
            registered_at=resident.registered_at,
            suspension=SuspensionView(reason=suspension.reason, since=suspension.since) if suspension else None,
            corrections=[
                PermitView(correction_id=each.correction_id, field=each.field, value=each.value, until=each.until)
                for each in resident.permits
                if each.is_open(day)
            ],
        )


class FoundView(BaseModel):
    """A resident as a terminal sees it: that there is one, and enough of the name to greet the right person."""

    resident_id: str
    name: str
    suspended: bool

    @classmethod
    def of(cls, resident: Resident) -> Self:
        suspended = resident.suspension is not None
        return cls(resident_id=resident.id, name=mask.name(resident.card.name), suspended=suspended)


class GuardianshipProofView(BaseModel):
    """The document that proves a guardianship."""

    kind: str
    reference: str


class GuardianshipView(BaseModel):
    """Who may act for whom, until when."""

    guardianship_id: str
    guardian_id: str
    child_id: str
    relation: Relation
    proof: GuardianshipProofView
    ends_on: date
    ended: bool

    @classmethod
    def of(cls, guardianship: Guardianship) -> Self:
        return cls(
            guardianship_id=guardianship.id,
            proof=GuardianshipProofView(**guardianship.proof.model_dump()),
            **guardianship.model_dump(exclude={"id", "version", "proof", "history"}),
        )


class WardView(BaseModel):
    """A child for whom a resident may act."""

    guardianship_id: str
    child_id: str
    name: str
    birth_date: date
    relation: Relation
    ends_on: date

    @classmethod
    def of(cls, ward: Ward) -> Self:
        return cls(
            guardianship_id=ward.guardianship.id,
            child_id=ward.child.id,
            name=ward.child.card.name,
            birth_date=ward.child.card.birth_date,
            relation=ward.guardianship.relation,
            ends_on=ward.guardianship.ends_on,
        )


class HistoryStepView(BaseModel):
    """One step of a history; `text` says `what` in the caller's language."""

    what: StepKind
    text: str
    at: datetime
    by: str
    role: str
    reason: str | None
    changes: list[FieldChange]

    @classmethod
    def of(cls, step: HistoryStep, language: Language) -> Self:
        return cls(
            what=step.what,
            text=TEXTS.say(language, f"steps.{step.what}"),
            at=step.at,
            by=step.by.subject,
            role=step.by.role,
            reason=_reason(step, language),
            changes=list(step.changes),
        )


def _reason(step: HistoryStep, language: Language) -> str | None:
    """Write a step's reason: the proof of a guardianship by its name, what a person wrote as it is."""
    if step.reason == OF_AGE:
        return TEXTS.say(language, f"reasons.{OF_AGE}")
    if step.what == "guardianship-registered" and step.reason is not None:
        kind, _, reference = step.reason.partition(" ")
        return f"{TEXTS.say(language, f'proofs.{kind}')} {reference}"
    return step.reason
