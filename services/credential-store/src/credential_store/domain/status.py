"""Where a credential stands on a given day, and what is new about that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from credential_store.domain.credential import (
    LAPSED,
    REVOKED,
    SUSPENDED,
    VALID,
    Credential,
    Issue,
    Status,
    StatusStep,
    Value,
    What,
)
from runtime.clock import today

REPLACED = "replaced"
"""The reason of a version that ended because a newer one was issued."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Who does something, when, why, and the event that caused it: for the history."""

    at: datetime
    by: str
    reason: str | None = None
    cause: str | None = None


def is_withdrawn(credential: Credential, issue: Issue) -> bool:
    """Tell whether the department took back the publication that this version was made from."""
    taken = credential.withdrawal
    return taken is not None and issue.content.voice == "department" and taken.sequence >= issue.said.sequence


def status_on(credential: Credential, day: date) -> Status | None:
    """Return the status code of the newest version on that day; None while there is no version."""
    issue = credential.current
    if issue is None:
        return None
    if issue.ended is not None:
        return issue.ended.status
    if is_withdrawn(credential, issue):
        return REVOKED
    if issue.content.valid_until is not None and issue.content.valid_until < day:
        return LAPSED
    return SUSPENDED if any(hold.on for hold in credential.holds.values()) else VALID


def status_of(credential: Credential, issue: Issue, day: date) -> Status:
    """Return the status code of any version on that day: an earlier one is what it ended as."""
    if issue.ended is not None:
        return issue.ended.status
    return status_on(credential, day) or REVOKED


def reason_of(credential: Credential) -> str | None:
    """Return why the newest version no longer proves anything, None where nobody gave a reason."""
    issue = credential.current
    if issue is None or credential.status in {VALID, LAPSED}:
        return None
    if credential.status == SUSPENDED:
        return next(hold.reason for hold in credential.holds.values() if hold.on)
    if issue.ended is not None:
        return issue.ended.reason
    return credential.withdrawal.reason if credential.withdrawal else None


def visible_fields(credential: Credential, issue: Issue) -> dict[str, Value]:
    """Return the fields that people may see: never the blind index that stands for the identity number."""
    return {name: value for name, value in issue.content.fields.items() if value != credential.holder.index}


def settle(before: Credential, after: Credential, trace: Trace) -> Credential:
    """Return `after` with its status of the day, and counted as an announcement if that or the version is new."""
    issue, status = after.current, status_on(after, today(trace.at))
    if issue is None or status is None:
        return after
    is_new_version = before.current is None or before.current.number != issue.number
    if not is_new_version and status == before.status:
        return after
    steps = _steps(before, status, is_new_version=is_new_version)
    return after.model_copy(
        update={
            "status": status,
            "expires_on": issue.content.valid_until if status in {VALID, SUSPENDED} else None,
            "sequence": after.sequence + 1,
            "history": (*after.history, *(_step(what, issue, trace) for what in steps)),
        }
    )


def _steps(before: Credential, status: Status, *, is_new_version: bool) -> list[What]:
    steps: list[What] = []
    if is_new_version:
        steps.append("stored" if before.current is None else "reissued")
    if status != VALID:
        steps.append(_NAMES.get(status, "ended"))
    elif not is_new_version:
        steps.append("reinstated")
    return steps


_NAMES: dict[Status, What] = {SUSPENDED: "suspended", LAPSED: "expired"}


def _step(what: What, issue: Issue, trace: Trace) -> StatusStep:
    return StatusStep(at=trace.at, what=what, number=issue.number, by=trace.by, reason=trace.reason, cause=trace.cause)
