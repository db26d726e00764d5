"""What the department that keeps a credential does to it by hand. Each function refuses what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from credential_store.domain import versions
from credential_store.domain.credential import (
    LAPSED,
    SUSPENDED,
    VALID,
    Credential,
    CredentialContent,
    CredentialModel,
    Ended,
    Ending,
    Hold,
    Issue,
    Statement,
    Value,
)
from credential_store.domain.document_types import Numbering
from credential_store.domain.status import status_on, visible_fields
from runtime.clock import today
from runtime.errors import Conflict, Refusal, TextKey


class CredentialCorrection(CredentialModel):
    """What a re-issued credential says differently: corrected fields, another term; nothing: the same again."""

    fields: Mapping[str, Value]
    valid_until: date | None


def suspend(credential: Credential, reason: str, now: datetime) -> Credential:
    """Suspend (02) until it is reinstated. Refused unless it is valid."""
    _current(credential, now, {VALID})
    return versions.hold(credential, "reviewer", Hold(on=True, reason=reason, said=Statement(at=now)))


def reinstate(credential: Credential, reason: str, now: datetime) -> Credential:
    """Lift the department's suspension. Refused when there is none, or when the person is suspended.

    Raises Conflict.
    """
    _current(credential, now, {SUSPENDED})
    mine = credential.holds.get("reviewer")
    if mine is None or not mine.on:
        raise Conflict("suspended-with-the-person")
    return versions.hold(credential, "reviewer", Hold(on=False, reason=reason, said=Statement(at=now)))


def end(credential: Credential, status: Ended, reason: str, now: datetime) -> Credential:
    """End the newest version for good (07 revoked, or 03, 04, 06, 99). Refused when it has ended already."""
    issue = _current(credential, now, {VALID, SUSPENDED, LAPSED})
    ended = issue.model_copy(update={"ended": Ending(status=status, reason=reason, at=now)})
    return credential.model_copy(update={"issues": (*credential.issues[:-1], ended)})


def reissue(
    credential: Credential, correction: CredentialCorrection, numbering: Numbering, now: datetime
) -> Credential:
    """Issue the next version, corrected. Refused for what others publish: that is renewed where it comes from.

    An expired one needs a new term; a suspended one must be reinstated first. Raises Conflict.
    """
    issue = _current(credential, now, {VALID, LAPSED})
    if issue.content.voice != "district":
        raise Conflict("renewed-at-its-source", origin=issue.content.origin)
    _check(correction, visible_fields(credential, issue))
    content = _corrected(issue.content, correction, today(now))
    said = issue.said.model_copy(update={"at": now})  # newer than what it corrects, older than what comes after
    return versions.issue(credential, content, said, numbering)


def _current(credential: Credential, now: datetime, allowed: set[str]) -> Issue:
    status = status_on(credential, today(now))
    issue = credential.current
    if issue is None or status is None or status not in allowed:
        raise Conflict("not-in-that-status", status=TextKey(f"statuses.{status or '99'}"))
    return issue


def _check(correction: CredentialCorrection, fields: dict[str, Value]) -> None:
    for name, value in correction.fields.items():
        if name not in fields:
            raise Refusal("field-unknown", field=f"fields/{name}", name=name)
        if type(value) is not type(fields[name]):
            raise Refusal("field-of-another-kind", field=f"fields/{name}", name=name)


def _corrected(content: CredentialContent, correction: CredentialCorrection, day: date) -> CredentialContent:
    until = correction.valid_until or content.valid_until
    if until is not None and until < max(day, content.valid_from):
        raise Refusal("term-in-the-past", field="valid_until", date=until)
    return content.model_copy(update={"fields": {**content.fields, **correction.fields}, "valid_until": until})
