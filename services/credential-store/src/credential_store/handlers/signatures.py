"""Seeing that people of the right department decided: by the requests that they signed."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from bus.event import Change, NotYet, Received, View
from credential_store.domain.credential import Value
from credential_store.domain.proof import DocumentProof
from credential_store.domain.submission import KnownSubmission
from credential_store.handlers.dependencies import Deps
from credential_store.views import (
    CorrectionAnswered,
    DecisionMade,
    DuplicateChecked,
    FieldCheckPassed,
    ReviewApproved,
)
from web.auth import Principal, Role
from web.reviewers import (
    BY_NAMED,
    OF_DEPARTMENT,
    REVIEWERS,
    Deciding,
    SignedCorrection,
    body_of,
    require_officers,
    task_id,
)
from web.signed_requests import Signed, SignedDeed, is_soon, refuse_unless, signed_at

_WORKERS = frozenset({Role.REVIEWER, Role.GRID_OFFICER})


class _SignedApproval(View):
    """The body of an approval: what the reviewer corrected, and the end that was read."""

    fields: Annotated[dict[str, Value], Field(default_factory=dict)]
    valid_until: date | None = None
    is_held: bool | None = None


class _SignedAnswer(View):
    """The body of an answer to the question whether a document is held."""

    result: str
    credential_id: str | None = None


async def of_approval(approved: ReviewApproved, submission: KnownSubmission, deps: Deps) -> None:
    """See that each of those who approved asked for it, and for these values. Raises BrokenMessageError."""
    task = task_id(approved.application_id, "review", approved.requirement, approved.attempt)
    rule, people, said = deps.reviewers.of(approved.document_type), set[str](), list[_SignedApproval]()
    for each in approved.approvals:
        deed = SignedDeed("review-dispatch.review-approved", f"/v1/tasks/{task}/approval", each.approved_at, REVIEWERS)
        person = await deps.signed_requests.require(each.signed_request, deed)
        if person is None or each.signed_request is None:
            return
        _check_person(person, each.reviewer, rule)
        people.add(person.subject)
        said.append(body_of(each.signed_request, _SignedApproval))
    refuse_unless(len(people) >= rule.people, f"signed by {rule.people} people")
    refuse_unless(approved.task_id == task, "the task of this application, requirement and attempt")
    _check_values(approved, submission, said, deps)


def _check_values(
    approved: ReviewApproved, submission: KnownSubmission, said: Collection[_SignedApproval], deps: Deps
) -> None:
    """See that the values are those that were claimed, as reviewers corrected them. Raises BrokenMessageError."""
    ends = [each.valid_until.isoformat() for each in said if each.valid_until is not None]
    corrected = {name: value for each in said for name, value in each.fields.items()}
    digest = deps.ids.digest
    for name, value in approved.fields.items():
        stands = corrected[name] == value if name in corrected else submission.is_claimed(name, value, digest)
        refuse_unless(stands or value in ends, f"{name} as it was claimed, or corrected")
    until = approved.stated_until.isoformat() if approved.stated_until else None
    is_stated = until == ends[-1] if ends else until is None or until in approved.fields.values()
    refuse_unless(is_stated, "the end that was read")
    is_held = [each.is_held for each in said if each.is_held is not None][-1:]
    refuse_unless(is_held != [False] or approved.evidence_id is None, "another document than is held")


async def of_check(event: Received[DuplicateChecked], deps: Deps) -> list[Change]:
    """See that the reviewer who told whether a document is held asked for that answer.

    Returns what makes it count for no other event: it names only one of the two documents, and perhaps none. Raises
    BrokenMessageError.
    """
    said = event.data
    deed = SignedDeed(
        "review-dispatch.duplicate-checked", f"/v1/tasks/{said.task_id}/duplicate-check", event.time, REVIEWERS
    )
    person, used = await deps.signed_requests.require_once(said.signed_request, deed, event)
    if person is None or said.signed_request is None:
        return used
    _check_person(person, said.checked_by, deps.reviewers.of(said.document_type))
    answer = body_of(said.signed_request, _SignedAnswer)
    refuse_unless((answer.result == "same") == (said.same_as is not None), "the answer that was signed")
    refuse_unless(answer.credential_id in {None, said.same_as}, "the credential that was signed")
    return used


async def of_correction(event: Received[CorrectionAnswered], deps: Deps) -> None:
    """See that officers answered this request for correction, with this value if they named one.

    Raises BrokenMessageError.
    """
    said, document_type = event.data, event.data.document_type
    requests = said.signed_requests
    answer = SignedCorrection(said.correction_id, document_type, said.officers, requests, event.time)
    named = await require_officers(answer, deps.reviewers, deps.signed_requests)
    if requests is None:
        return
    refuse_unless(is_soon(signed_at(requests[-1]), event.time), "told as soon as it was answered")
    asked_id = DocumentProof.named(said.correction_id, "correction", f"{said.credential_id}/{said.field}")
    asked = await deps.proofs.get(asked_id)
    if asked is None:
        raise NotYet(f"nobody has asked for correction {said.correction_id} of that value yet")
    refuse_unless((asked.index, asked.document_type) == (said.holder.index, document_type), "of whom it was asked for")
    right = named == said.value if named is not None else asked.value == value_hash(asked_id, said.value, deps)
    refuse_unless(right, "the value that was signed, or else asked for")


def value_hash(correction: str, value: Value | None, deps: Deps) -> str:
    """Return the keyed hash by which the value that a resident asks for is known again."""
    return deps.ids.digest(json.dumps([correction, value], ensure_ascii=False).encode())[:32]


async def of_door(event: Received[FieldCheckPassed], deps: Deps) -> None:
    """See that a grid officer, or the office above, confirmed the address. Raises BrokenMessageError."""
    said = event.data
    person = await _decided(event, "field-check", said.checked_at, _WORKERS, said.signed_request, deps)
    if person is None:
        return
    refuse_unless(person.subject == said.officer, BY_NAMED)
    is_theirs = person.role is Role.GRID_OFFICER and said.community in person.communities
    refuse_unless(
        is_theirs or bool(deps.reviewers.doors.departments & person.departments), "signed by who checks doors"
    )


async def of_decision(event: Received[DecisionMade], deps: Deps) -> Collection[str]:
    """See that an officer approved, and return the departments that this person is of; none: it is not signed.

    Raises BrokenMessageError.
    """
    said = event.data
    person = await _decided(event, "decision", said.decided_at, REVIEWERS, said.signed_request, deps)
    if person is None:
        return ()
    refuse_unless(person.subject == said.officer, BY_NAMED)
    return person.departments


async def _decided(
    event: Received[FieldCheckPassed] | Received[DecisionMade],
    kind: str,
    at: datetime,
    roles: Collection[Role],
    signed: Signed | None,
    deps: Deps,
) -> Principal | None:
    path = f"/v1/tasks/{task_id(event.data.application_id, kind)}/approval"
    name = event.type.rpartition(".v")[0]
    person = await deps.signed_requests.require(signed, SignedDeed(name, path, at, roles))
    refuse_unless(person is None or is_soon(at, event.time), "told as soon as it was decided")
    return person


def _check_person(person: Principal, named: str, rule: Deciding) -> None:
    refuse_unless(person.subject == named, BY_NAMED)
    refuse_unless(bool(rule.departments & person.departments), OF_DEPARTMENT)
