"""What callers get to see of a credential: never the blind index, and staff only where colleagues look."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from credential_store.domain.credential import Credential, Issue, Origin, Status, StatusStep, Value, What
from credential_store.domain.metadata import Metadata, describe
from credential_store.domain.status import reason_of, status_of, visible_fields
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.queries import FoundCredential
from runtime.clock import today
from runtime.texts import Texts
from standards.credential_status import WORDS
from standards.document_types import field_name

TEXTS = Texts.of("credential_store")


class CredentialSummary(BaseModel):
    """A credential as it stands today."""

    credential_id: str
    document_type: str
    document_type_name: str
    identifier: str
    status: Status
    status_code: Status
    status_word: str
    status_name: str
    reason: str | None
    origin: Origin
    origin_name: str
    fields: dict[str, Value]
    field_names: dict[str, str]
    valid_from: date
    valid_until: date | None
    version: int


class VersionView(BaseModel):
    """One version that was issued."""

    number: int
    identifier: str
    predecessor: str | None
    status: Status
    status_code: Status
    status_word: str
    status_name: str
    issued_at: datetime
    valid_from: date
    valid_until: date | None


class StatusStepView(BaseModel):
    """One step of the history; `by` is shown to the department only."""

    at: datetime
    what: What
    what_name: str
    number: int
    reason: str | None
    by: str | None


class CredentialView(CredentialSummary):
    """A credential with its versions, its history and the standard's metadata."""

    application_id: str | None
    metadata: Metadata
    versions: list[VersionView]
    history: list[StatusStepView]


class MatchView(BaseModel):
    """One credential that a query found: the standard's metadata, where it stands, and what it says."""

    credential_id: str
    document_type: str
    status: Status
    status_code: Status
    status_word: str
    status_name: str
    predecessor: str | None
    successor: str | None
    metadata: Metadata
    fields: dict[str, Value]
    field_names: dict[str, str]


def current(credential: Credential) -> Issue:
    """Return the newest version; what has none is never shown."""
    issue = credential.current
    assert issue is not None  # noqa: S101 - handlers answer 404 before
    return issue


def summary(credential: Credential, language: str, deps: Deps) -> CredentialSummary:
    return CredentialSummary(**_summary(credential, language, deps))


def detail(credential: Credential, language: str, deps: Deps, *, for_staff: bool) -> CredentialView:
    issue = current(credential)
    return CredentialView(
        **_summary(credential, language, deps),
        application_id=issue.content.application_id,
        metadata=describe(credential, issue, deps.types, language),
        versions=[_version(credential, each, language, deps) for each in credential.issues],
        history=[_step(step, language, for_staff=for_staff) for step in credential.history],
    )


def match(found: FoundCredential, language: str, deps: Deps) -> MatchView:
    credential, issue = found.credential, found.issue
    status = status_of(credential, issue, today(deps.clock()))
    later = credential.issues[issue.number : issue.number + 1]
    return MatchView(
        credential_id=credential.id,
        document_type=credential.document_type,
        **_stands(status, language),
        predecessor=issue.predecessor,
        successor=later[0].identifier if later else None,
        metadata=describe(credential, issue, deps.types, language, found.holder_code),
        fields=(fields := visible_fields(credential, issue)),
        field_names=_names(credential.document_type, fields, language),
    )


def status_name(status: Status, language: str) -> str:
    """Say what a status code means."""
    return TEXTS.say(language, f"statuses.{status}")


def _stands(status: Status, language: str) -> dict[str, Any]:
    """Say a status as every service does: its code, its word, its name; `status` is the code here, for who read it."""
    name = status_name(status, language)
    return {"status": status, "status_code": status, "status_word": WORDS[status], "status_name": name}


def _summary(credential: Credential, language: str, deps: Deps) -> dict[str, object]:
    issue = current(credential)
    status = status_of(credential, issue, today(deps.clock()))
    return {
        "credential_id": credential.id,
        "document_type": credential.document_type,
        "document_type_name": deps.types.of(credential.document_type).name.in_language(language),
        "identifier": issue.identifier,
        **_stands(status, language),
        "reason": reason_of(credential),
        "origin": issue.content.origin,
        "origin_name": TEXTS.say(language, f"origins.{issue.content.origin}"),
        "fields": (fields := visible_fields(credential, issue)),
        "field_names": _names(credential.document_type, fields, language),
        "valid_from": issue.content.valid_from,
        "valid_until": issue.content.valid_until,
        "version": credential.version,
    }


def _names(document_type: str, fields: Iterable[str], language: str) -> dict[str, str]:
    return {field: field_name(document_type, field, language) for field in fields}


def _version(credential: Credential, issue: Issue, language: str, deps: Deps) -> VersionView:
    status = status_of(credential, issue, today(deps.clock()))
    return VersionView(
        number=issue.number,
        identifier=issue.identifier,
        predecessor=issue.predecessor,
        **_stands(status, language),
        issued_at=issue.issued_at,
        valid_from=issue.content.valid_from,
        valid_until=issue.content.valid_until,
    )


def _step(step: StatusStep, language: str, *, for_staff: bool) -> StatusStepView:
    return StatusStepView(
        at=step.at,
        what=step.what,
        what_name=TEXTS.say(language, f"steps.{step.what}"),
        number=step.number,
        reason=step.reason,
        by=step.by if for_staff else None,
    )
