"""Two reviews of one tenancy, opened before the first approval: one valid credential, and a person is asked."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.caller import Caller, CallerAnswer, Json, NoAnswer
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.waiting import until

TENANCY = "rental-contract-record"
UNTIL = "2028-08-31"


class _Credential(CallerAnswer):
    credential_id: str
    document_type: str
    status: str
    fields: dict[str, object]


class _Credentials(CallerAnswer):
    items: tuple[_Credential, ...]


class _Held(CallerAnswer):
    credential_id: str


class _Duplicate(CallerAnswer):
    question: str
    held: tuple[_Held, ...]


class _Check(CallerAnswer):
    duplicate: _Duplicate


async def _tenancies(resident: Caller) -> Sequence[_Credential]:
    found = (await resident.get("/v1/credentials", _Credentials)).items
    return [each for each in found if each.document_type == TENANCY and each.status == "01"]


async def _asked(resident: Caller, address: str) -> str:
    """Apply for a permit with a tenancy of which nothing is held, so that a person is asked about it."""
    application = await portal.draft(resident, "residence-permit", {"address": address})
    await portal.hand_in(resident, application, "housing", TENANCY, scans.png())
    await portal.submit(resident, application)
    return application


async def _task(worker: Caller, application: str, kind: desk.Kind) -> str:
    queue = await until(
        lambda: desk.queue(worker, department="housing", kind=kind, application_id=application),
        lambda it: bool(it.items),
        what=f"a {kind}",
    )
    await desk.claim(worker, queue.items[0].task_id)
    return queue.items[0].task_id


async def test_a_tenancy_that_is_approved_twice_in_two_writings_is_one_valid_credential(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    housing = town.worker("reviewer", "housing-1", department="housing")
    written = made.home.address
    first, second = await _asked(resident, written), await _asked(resident, f"{written}（西门）")
    reviews = [await _task(housing, application, "review") for application in (first, second)]

    await desk.approve(housing, reviews[0], valid_until=UNTIL)
    [stored] = await until(lambda: _tenancies(resident), lambda it: len(it) == 1, what="the tenancy is stored")
    await desk.approve(housing, reviews[1], valid_until=UNTIL)
    check = await _task(housing, second, "duplicate-check")

    shown = await housing.get(f"/v1/tasks/{check}", _Check)
    assert [each.credential_id for each in shown.duplicate.held] == [stored.credential_id]
    assert len(await _tenancies(resident)) == 1
    await housing.post(f"/v1/tasks/{check}/duplicate-check", NoAnswer, {"result": "same"})
    [now] = await until(
        lambda: _tenancies(resident),
        lambda it: any("西门" in str(each.fields) for each in it),
        what="the second approval is the next version",
    )
    assert now.credential_id == stored.credential_id


async def test_a_rejection_names_what_the_resident_answered_by_its_name_in_the_form(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    housing = town.worker("reviewer", "housing-1", department="housing")
    application = await _asked(resident, made.home.address)
    task = await _task(housing, application, "review")
    body: Json = {"reason": "合同上的地址不同", "fields": ["address"]}
    await housing.post(f"/v1/tasks/{task}/rejection", NoAnswer, body)
    told = await until(
        lambda: portal.timeline(resident, application),
        lambda it: any(each.kind == "rejected" for each in it.happenings),
        what="the rejection",
    )
    lines = [each.text for each in told.happenings if each.kind in {"review-rejected", "rejected"}]
    assert len(lines) == 2
    for line in lines:
        assert made.home.address in line
        assert "address" not in line
