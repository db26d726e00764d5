"""Review-dispatch alone, or anyone who has its key, decides no application: people sign what they decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from applications import views
from applications.handlers import answers
from bus.envelope import BrokenMessageError
from bus.event import Received, View
from services.applications.tests.office import NOON, Office, decided, mismatched, passed, review
from testkit.people import SigningPerson, signed_requests
from web.reviewers import task_id

NAMES = (
    "review-approved",
    "review-rejected",
    "review-returned",
    "field-check-passed",
    "field-check-failed",
    "decision-made",
)
HEALTH = SigningPerson("health-7", departments=["health"])
EDU = SigningPerson("edu-1", departments=["edu"])
GRID = SigningPerson("grid-1", "grid-officer", communities=["440309002002"])
DEEDS = {"approved": "approval", "rejected": "rejection", "returned": "return"}
Path = Callable[[str, str], str]


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.knows_family()
    since = {f"review-dispatch.{name}": date(2026, 11, 1) for name in NAMES}
    object.__setattr__(office.deps, "signed_requests", signed_requests(since, office.clock))
    return office


async def hears(office: Office, name: str, data: View) -> None:
    handlers: Mapping[str, Any] = {
        "review-approved": answers.note_review_approved,
        "review-rejected": answers.note_review_rejected,
        "review-returned": answers.note_review_returned,
        "field-check-passed": answers.note_check_passed,
        "field-check-failed": answers.note_check_failed,
        "decision-made": answers.note_decision,
    }
    event = Received("e1", f"review-dispatch.{name}.v1", "/yizheng/review-dispatch", "c", office.clock(), data)
    office.commits(await handlers[name](event, office.deps))


async def reviewed(office: Office, verdict: str, by: SigningPerson | None, **changed: Any) -> None:  # noqa: ANN401 - fields of any event
    id = await office.enrols()
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate"))
    path = f"/v1/tasks/{task_id(id, 'review', 'birth-certificate', 1)}/{changed.pop('deed', DEEDS[verdict])}"
    signed = None if by is None else by.signed(path, {}, at=office.clock() - changed.pop("ago", timedelta()))
    said = review(office.now(id), "birth-certificate", verdict)
    said |= {"signed_requests": None if signed is None else [signed], "signed_request": signed} | changed
    data: View = views.ReviewReturned.model_validate(said)
    if verdict == "approved":
        data = views.ReviewApproved.model_validate(said)
    if verdict == "rejected":
        data = views.ReviewRejected.model_validate(said)
    await hears(office, f"review-{verdict}", data)


@pytest.mark.parametrize("verdict", DEEDS)
async def test_what_a_reviewer_of_the_department_signed_counts(office: Office, verdict: str) -> None:
    await reviewed(office, verdict, HEALTH)
    (application,) = office.applications.all.values()
    asked = application.asked_for("birth-certificate")
    assert asked is not None
    assert asked.review is not None
    assert asked.review.verdict == verdict


FORGED: Mapping[str, tuple[SigningPerson | None, dict[str, Any]]] = {
    "nobody's": (None, {}),
    "another department's": (SigningPerson("health-7", departments=["land"]), {}),
    "a clerk's": (SigningPerson("health-7", "clerk", departments=["health"]), {}),
    "another's": (SigningPerson("health-8", departments=["health"]), {}),
    "a look": (HEALTH, {"deed": "claim"}),
    "an old one": (HEALTH, {"ago": timedelta(days=2)}),
    "of a document that was not asked for": (HEALTH, {"document_type": "vaccination-record"}),
}


@pytest.mark.parametrize("verdict", DEEDS)
@pytest.mark.parametrize(("by", "changed"), FORGED.values(), ids=FORGED.keys())
async def test_without_such_a_signature_nothing_is_decided(
    office: Office, verdict: str, by: SigningPerson | None, changed: dict[str, Any]
) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        await reviewed(office, verdict, by, **changed)
    assert caught.value.reason == "not-signed-by-person"
    (application,) = office.applications.all.values()
    assert application.state == "in-progress"


async def test_what_two_people_approve_takes_two_people(office: Office) -> None:
    land = [SigningPerson(name, departments=["land"]) for name in ("land-1", "land-2")]
    id = await office.enrols()
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "housing"))
    path = f"/v1/tasks/{task_id(id, 'review', 'housing', 1)}/approval"
    said = review(office.now(id), "housing", "approved") | {"document_type": "property-certificate"}
    for names in (["land-1"], ["land-1", "land-1"]):
        requests = [land[0].signed(path, {}, at=NOON) for _ in names]
        one = said | {"reviewer": "land-1", "second_reviewer": names[1] if len(names) > 1 else None}
        with pytest.raises(BrokenMessageError):
            await hears(
                office, "review-approved", views.ReviewApproved.model_validate(one | {"signed_requests": requests})
            )
    both = said | {"reviewer": "land-1", "second_reviewer": "land-2"}
    both["signed_requests"] = [each.signed(path, {}, at=NOON) for each in land]
    await hears(office, "review-approved", views.ReviewApproved.model_validate(both))


@pytest.mark.parametrize(
    ("by", "deed", "counts"),
    [
        (GRID, "approval", True),
        (SigningPerson("grid-1", departments=["office-minzhi"]), "approval", True),
        (GRID, "rejection", False),
        (SigningPerson("grid-1", "grid-officer", communities=["440309001002"]), "approval", False),
        (SigningPerson("grid-2", "grid-officer", communities=["440309002002"]), "approval", False),
        (SigningPerson("grid-1", departments=["health"]), "approval", False),
        (None, "approval", False),
    ],
)
async def test_a_door_is_checked_by_who_signs_for_it(
    office: Office,
    by: SigningPerson | None,
    deed: str,
    counts: bool,  # noqa: FBT001 - a case of the table
) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
    await office.matches(id)
    path = f"/v1/tasks/{task_id(id, 'field-check')}/{deed}"
    signed = by and by.signed(path, {}, at=office.clock())
    said = views.FieldCheckPassed.model_validate(passed(id).model_dump() | {"signed_request": signed})
    if not counts:
        for community in {said.community, *(by.communities if by else ())}:  # also where the officer may check doors
            with pytest.raises(BrokenMessageError):
                await hears(office, "field-check-passed", said.model_copy(update={"community": community}))
        assert office.now(id).state == "in-progress"
        return
    await hears(office, "field-check-passed", said)
    assert office.now(id).state == "approved"


async def test_an_officer_of_another_department_decides_nothing(office: Office) -> None:
    id = await office.enrols()
    for approved, deed in ((True, "approval"), (False, "rejection")):
        path = f"/v1/tasks/{task_id(id, 'decision')}/{deed}"
        other = SigningPerson("edu-1", departments=["health"]).signed(path, {}, at=office.clock())
        wrong = EDU.signed(f"/v1/tasks/{task_id('app_2', 'decision')}/{deed}", {}, at=office.clock())
        for signed in (None, other, wrong):
            said = decided(id, approved=approved).model_dump() | {"signed_request": signed}
            with pytest.raises(BrokenMessageError):
                await hears(office, "decision-made", views.DecisionMade.model_validate(said))
