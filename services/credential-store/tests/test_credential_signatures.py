"""Review-dispatch alone, or anyone who has its key, can approve nothing: people sign what they decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NotYet
from credential_office import GRANTS, HOLDER, INDEX, NOW, Office, Told, approved, corrected, granted, proven, received
from credential_store.domain.identifiers import credential_id
from credential_store.handlers.district import note_check
from testkit.people import SigningPerson
from web.reviewers import task_id

SINCE = {
    f"review-dispatch.{name}": date(2026, 11, 1)
    for name in (
        "review-approved",
        "duplicate-checked",
        "decision-made",
        "field-check-passed",
        "correction-answered",
    )
}
WANG, ZHAO = (SigningPerson(name, departments=["health"]) for name in ("health-7", "health-8"))
LI, ZHOU = (SigningPerson(name, departments=["land"]) for name in ("land-1", "land-2"))
EDU = SigningPerson("edu-1", departments=["edu"])
CLAIMED = {"child_name": "李小华", "certificate_number": "T440300001"}
TASK = task_id("app_1", "review", "birth-certificate", 10)
PATH = f"/v1/tasks/{TASK}/approval"
AT = NOW + timedelta(minutes=10)


def submitted(approval: Told, **changes: object) -> Told:
    said: dict[str, Any] = approval[2]
    named = {name: said[name] for name in ("requirement", "attempt", "document_type", "holder")}
    document = {**named, "document_types": [said["document_type"]], "reviewable": True, "claims": CLAIMED, **changes}
    return "matcher.match-failed.v2", 1, {"application_id": said["application_id"], "documents": [document]}


def approval_by(*requests: dict[str, str] | None, names: tuple[str, ...] = ("health-7",), **changes: object) -> Told:
    each = [
        {"reviewer": name, "approved_at": AT.isoformat(), "note": None, "signed_request": request}
        for name, request in zip(names, requests, strict=True)
    ]
    kind, minute, data = approved(10, approvals=each, task_id=TASK)
    return kind, minute, data | changes


@pytest.fixture
def office() -> Office:
    return Office(are_submitted=False, since=SINCE)


async def refused(office: Office, *told: Told) -> str:
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(*told)
    assert caught.value.reason == "not-signed-by-person"
    return caught.value.rule


async def test_what_a_reviewer_of_the_department_signed_is_stored(office: Office) -> None:
    approval = approval_by(WANG.signed(PATH, {}, at=AT))
    await office.hears(submitted(approval), approval)
    assert len(office.documents.all) == 1
    await office.hears(approval)
    assert len(office.holds(next(iter(office.documents.all))).issues) == 1


FORGED: dict[str, Callable[[], dict[str, str] | None]] = {
    "nobody's": lambda: None,
    "another department's": lambda: SigningPerson("health-7", departments=["land"]).signed(PATH, {}, at=AT),
    "another role's": lambda: SigningPerson("health-7", "clerk", departments=["health"]).signed(PATH, {}, at=AT),
    "another's": lambda: ZHAO.signed(PATH, {}, at=AT),
    "for another case": lambda: WANG.signed(
        f"/v1/tasks/{task_id('app_2', 'review', 'birth-certificate', 10)}/approval", {}, at=AT
    ),
    "for another requirement": lambda: WANG.signed(
        f"/v1/tasks/{task_id('app_1', 'review', 'vaccination', 10)}/approval", {}, at=AT
    ),
    "for another attempt": lambda: WANG.signed(
        f"/v1/tasks/{task_id('app_1', 'review', 'birth-certificate', 9)}/approval", {}, at=AT
    ),
    "a refusal": lambda: WANG.signed(f"/v1/tasks/{TASK}/rejection", {}, at=AT),
    "an old one": lambda: WANG.signed(PATH, {}, at=AT - timedelta(hours=2)),
    "of other values": lambda: WANG.signed(PATH, {"fields": {"child_name": "李大华"}}, at=AT),
    "with another end": lambda: WANG.signed(PATH, {"valid_until": "2030-01-01"}, at=AT),
}


@pytest.mark.parametrize("request_of", FORGED.values(), ids=FORGED.keys())
async def test_an_approval_with_any_other_request_stores_nothing(
    office: Office, request_of: Callable[[], dict[str, str] | None]
) -> None:
    approval = approval_by(request_of())
    await refused(office, submitted(approval), approval)
    assert office.documents.all == {}


@pytest.mark.parametrize(
    "otherwise",
    [
        {"fields": CLAIMED | {"child_name": "无此人"}},
        {"fields": CLAIMED | {"more": "x"}},
        {"task_id": "task_of_another"},
        {"evidence_id": "crd_of_another"},
    ],
    ids=["another value", "one more value", "another task", "a document that was said not to be it"],
)
async def test_a_signed_request_serves_no_other_values(office: Office, otherwise: dict[str, object]) -> None:
    kind, minute, data = approval_by(WANG.signed(PATH, {"is_held": False}, at=AT))
    approval = (kind, minute, data | otherwise)
    await refused(office, submitted(approval), approval)
    assert office.documents.all == {}


async def test_what_the_reviewer_corrected_and_read_is_what_was_signed(office: Office) -> None:
    fields = CLAIMED | {"child_name": "李小桦"}
    body = {"fields": {"child_name": "李小桦"}, "valid_until": "2030-01-01"}
    approval = approval_by(WANG.signed(PATH, body, at=AT), fields=fields, stated_until="2030-01-01")
    await office.hears(submitted(approval), approval)
    assert len(office.documents.all) == 1


async def test_what_two_people_approve_takes_two_people(office: Office) -> None:
    kind = "property-certificate"
    path = f"/v1/tasks/{task_id('app_1', 'review', kind, 10)}/approval"
    said: dict[str, Any] = {
        "document_type": kind,
        "requirement": kind,
        "task_id": task_id("app_1", "review", kind, 10),
    }
    first, second = LI.signed(path, {}, at=AT), ZHOU.signed(path, {}, at=AT)
    both = approval_by(first, second, names=("land-1", "land-2"), **said)
    for forged in (
        approval_by(first, names=("land-1",), **said),
        approval_by(first, LI.signed(path, {}, at=AT), names=("land-1", "land-1"), **said),
        approval_by(first, None, names=("land-1", "land-2"), **said),
    ):
        await refused(office, submitted(forged), forged)
    await office.hears(submitted(both), both)
    assert len(office.documents.all) == 1


async def test_a_held_back_approval_is_not_told_later(office: Office) -> None:
    kind, _, data = approval_by(WANG.signed(PATH, {}, at=AT))
    await refused(office, submitted((kind, 10, data)), (kind, 30, data))


async def test_what_was_published_before_the_day_counts_as_it_was() -> None:
    approval = approval_by(None)
    office = Office(are_submitted=False, since={"review-dispatch.review-approved": date(2026, 12, 24)})
    await office.hears(submitted(approval), approval)
    assert len(office.documents.all) == 1


def decision(grant: Told, by: SigningPerson | None, **changes: object) -> Told:
    said: dict[str, Any] = grant[2]
    at = NOW + timedelta(minutes=grant[1] - 1)
    path = f"/v1/tasks/{task_id(said['application_id'], 'decision')}/approval"
    signed = by and by.signed(path, {}, at=at)
    data = {"application_id": said["application_id"], "approved": True, "decided_at": at.isoformat()}
    named = {"officer": by.subject if by else "edu-1", "signed_request": signed}
    return "review-dispatch.decision-made.v1", grant[1] - 1, data | named | changes


@pytest.mark.parametrize(
    "by", [None, SigningPerson("edu-1", "clerk", departments=["edu"])], ids=["nobody", "no reviewer"]
)
async def test_a_decision_that_no_officer_signed_proves_nothing(office: Office, by: SigningPerson | None) -> None:
    grant = granted(20, "school-place-notice", fields={"name": "李育成"})
    await refused(office, decision(grant, by))
    await refused(office, decision(grant, EDU, officer="edu-2"))
    assert office.proofs.all == {}


async def test_an_officer_of_another_department_decides_nothing(office: Office) -> None:
    grant = granted(20, "school-place-notice", holder=HOLDER, fields={"name": "李育成"})
    grant[2]["subject"] = grant[2]["applicant"] = HOLDER
    said = [proven(grant, each, holder=HOLDER) for each in _needed(grant)]
    await office.hears(*said, decision(grant, LI))
    with pytest.raises(BrokenMessageError, match="not-granted-by-item"):
        await office.hears(grant)

    other = Office(are_submitted=False, since=SINCE)
    await other.hears(*said, decision(grant, EDU), grant)
    assert len(other.documents.all) == 1


def _needed(grant: Told) -> list[str]:
    said: dict[str, Any] = grant[2]
    return list(GRANTS.items[said["item"]].proven)


@pytest.mark.parametrize(
    "by",
    [
        None,
        SigningPerson("grid-1", "grid-officer", communities=["440309001001"]),
        SigningPerson("grid-1", "reviewer", departments=["health"]),
        SigningPerson("grid-2", "grid-officer", communities=["440309002001"]),
    ],
    ids=["nobody", "of another community", "of a department", "another than is named"],
)
async def test_a_door_that_no_officer_of_the_community_signed_for_proves_nothing(
    office: Office, by: SigningPerson | None
) -> None:
    await refused(office, door(by))
    type_, minute, said = door(SigningPerson("grid-1", "grid-officer", communities=["440309002001"]))
    await refused(office, (type_, minute + 60, said))  # kept back for an hour
    assert office.proofs.all == {}
    await office.hears((type_, minute, said))
    assert len(office.proofs.all) == 1


def door(by: SigningPerson | None) -> Told:
    signed = by and by.signed(f"/v1/tasks/{task_id('app_1', 'field-check')}/approval", {}, at=AT)
    data = {"application_id": "app_1", "community": "440309002001", "officer": "grid-1", "checked_at": AT.isoformat()}
    return "review-dispatch.field-check-passed.v1", 10, data | {"signed_request": signed}


CORRECTION = f"/v1/tasks/{task_id('cor_40', 'correction')}/correction"
LATER = NOW + timedelta(minutes=40)
ANSWERED: dict[str, Callable[[], list[dict[str, str]] | None]] = {
    "nobody's": lambda: None,
    "empty": list,
    "another officer's": lambda: [ZHAO.signed(CORRECTION, {"result": "corrected"}, at=LATER)],
    "a refusal": lambda: [WANG.signed(CORRECTION, {"result": "refused"}, at=LATER)],
    "another value": lambda: [WANG.signed(CORRECTION, {"result": "corrected", "value": "李"}, at=LATER)],
    "another department's": lambda: [
        SigningPerson("health-7", departments=["land"]).signed(CORRECTION, {"result": "corrected"}, at=LATER)
    ],
    "another request's": lambda: [
        WANG.signed(f"/v1/tasks/{task_id('cor_41', 'correction')}/correction", {"result": "corrected"}, at=LATER)
    ],
    "an old one": lambda: [WANG.signed(CORRECTION, {"result": "corrected"}, at=AT)],
}


@pytest.mark.parametrize("requests_of", ANSWERED.values(), ids=ANSWERED.keys())
async def test_a_correction_that_no_officer_signed_changes_nothing(
    office: Office, requests_of: Callable[[], list[dict[str, str]] | None]
) -> None:
    approval = approval_by(WANG.signed(PATH, {}, at=AT))
    await office.hears(submitted(approval), approval)
    [stored] = office.documents.all
    await office.hears(wish(stored))
    await refused(office, corrected(40, stored, signed_requests=requests_of()))
    good = [WANG.signed(CORRECTION, {"result": "corrected", "value": "李小桦"}, at=LATER)]
    assert await office.hears(corrected(40, stored, signed_requests=good))


def wish(credential: str, **changes: object) -> Told:
    data = {
        "correction_id": "cor_40",
        "holder": HOLDER,
        "document_type": "birth-certificate",
        "credential_id": credential,
        "field": "child_name",
        "should_say": "李小桦",
    }
    return "data-rights.correction-requested.v1", 30, data | changes


async def test_an_answer_corrects_what_was_asked_for_and_nothing_else(office: Office) -> None:
    approval = approval_by(WANG.signed(PATH, {}, at=AT))
    await office.hears(submitted(approval), approval)
    [stored] = office.documents.all
    yes = [WANG.signed(CORRECTION, {"result": "corrected"}, at=LATER)]
    with pytest.raises(NotYet, match="nobody has asked"):
        await office.hears(corrected(40, stored, signed_requests=yes))
    await office.hears(wish(stored))
    await refused(office, corrected(40, stored, "无此人", signed_requests=yes))
    with pytest.raises(NotYet, match="nobody has asked"):
        await office.hears(corrected(40, stored, "X1", field="certificate_number", signed_requests=yes))
    await refused(office, corrected(40, stored, holder=HOLDER | {"index": "3a" * 32}, signed_requests=yes))
    assert await office.hears(corrected(40, stored, signed_requests=yes))


CHECK = "/v1/tasks/task_of_check/duplicate-check"


def check(signed: dict[str, str] | None, **changes: object) -> Told:
    data: dict[str, object] = {
        "task_id": "task_of_check",
        "credential_id": credential_id(INDEX, "birth-certificate", "one"),
        "document_type": "birth-certificate",
        "holder": HOLDER,
        "same_as": credential_id(INDEX, "birth-certificate", "two"),
        "other_than": [],
        "checked_by": "health-7",
        "approval": None,
        "signed_request": signed,
    }
    return "review-dispatch.duplicate-checked.v1", 10, data | changes


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: None,
        lambda: SigningPerson("health-7", departments=["land"]).signed(CHECK, {"result": "same"}, at=AT),
        lambda: WANG.signed(CHECK, {"result": "another"}, at=AT),
        lambda: WANG.signed("/v1/tasks/task_of_another/duplicate-check", {"result": "same"}, at=AT),
        lambda: WANG.signed(CHECK, {"result": "same", "credential_id": "crd_other"}, at=AT),
    ],
    ids=["nobody's", "another department's", "the other answer", "another task's", "another credential"],
)
async def test_who_tells_whether_a_document_is_held_signs_it(
    office: Office, request_of: Callable[[], dict[str, str] | None]
) -> None:
    await refused(office, check(request_of()))


async def test_one_answer_ends_one_document(office: Office) -> None:
    signed = WANG.signed(CHECK, {"result": "another"}, at=AT)
    await office.hears(check(signed, same_as=None))
    _, event = received(check(signed, same_as=None))
    with pytest.raises(BrokenMessageError, match="used before"):
        await note_check(replace(event, id="e2"), office.deps)
