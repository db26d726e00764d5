from __future__ import annotations

from datetime import timedelta

from synthetic.caller import Caller, Json, Nothing
from synthetic.households import Household
from tests.end_to_end.town import Town, refusal
from tests.journeys import portal


def _filing(town: Town, made: Household) -> dict[str, Json]:
    return {
        "address": made.home.address,
        "term_from": town.today.isoformat(),
        "term_to": (town.today + timedelta(days=365)).isoformat(),
    }


async def _count(resident: Caller) -> int:
    class _Own(Nothing):
        items: tuple[Nothing, ...]

    return len((await resident.get("/v1/applications", _Own)).items)


async def test_an_item_that_does_not_exist(town: Town) -> None:
    resident = await town.welcome(town.meet("senior"))
    problem = await refusal(portal.draft(resident, "flying-permit", {}))
    assert (problem.status, problem.code) == (404, "unknown-item")
    assert await _count(resident) == 0


async def test_too_young_with_the_rule_and_the_figures_named(town: Town) -> None:
    resident = await town.welcome(town.meet("settled"))
    problem = await refusal(portal.draft(resident, "senior-card", {}))
    assert (problem.status, problem.code) == (422, "not-eligible-age-at-least")
    assert "60" in problem.detail
    assert await _count(resident) == 0


async def test_registered_elsewhere_is_not_registered_here(town: Town) -> None:
    made = town.meet("settled")
    resident = await town.welcome(made)
    problem = await refusal(portal.draft(resident, "residence-permit", {"address": made.home.address}))
    assert "not-eligible-not-registered-in" in problem.codes


async def test_a_guardian_without_guardianship(town: Town) -> None:
    made = town.meet("settled")
    resident = await town.welcome(made, guardian=False)
    assert made.child is not None
    child = town.ids[made.child.number]
    problem = await refusal(portal.draft(resident, "school-enrolment", {}, subject_id=child, patience=1))
    assert (problem.status, problem.code) == (403, "no-guardianship")
    assert await _count(resident) == 0


async def test_somebody_whom_nobody_has_registered(town: Town) -> None:
    stranger = town.worker("resident", "res_nobody")
    problem = await refusal(portal.draft(stranger, "senior-card", {}, patience=1))
    assert (problem.status, problem.code) == (403, "not-registered")


async def test_a_suspended_person_may_apply_again_only_when_reinstated(town: Town) -> None:
    made = town.meet("senior")
    resident = await town.welcome(made)
    path = f"/v1/residents/{town.ids[made.head.number]}"
    await town.clerk().post(f"{path}/suspension", Nothing, {"reason": "证件挂失"})
    await town.suspended(resident, suspended=True)
    problem = await refusal(portal.draft(resident, "senior-card", {}))
    assert (problem.status, problem.code) == (403, "suspended-person")
    await town.clerk().post(f"{path}/reinstatement", Nothing, {"reason": "已找回"})
    await town.suspended(resident, suspended=False)
    await portal.draft(resident, "senior-card", {})


async def test_every_fault_of_a_form_is_named_at_once(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    assert made.landlord is not None
    form: dict[str, Json] = {**_filing(town, made), "term_to": "2020-02-30", "monthly_rent": -5, "colour": "blue"}
    asked = portal.draft(resident, "rental-contract-filing", form, second_party_number=made.landlord.number)
    problem = await refusal(asked)
    assert problem.status == 422
    assert {"form-not-date", "form-out-of-range", "form-unknown-field"} <= problem.codes


async def test_what_is_missing_is_named_at_submission(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "residence-permit", {})
    problem = await refusal(portal.submit(resident, application))
    assert (problem.status, problem.code) == (422, "form-missing")
    assert [fault.pointer for fault in problem.errors] == ["#/form/address"]
    assert (await portal.see(resident, application)).state == "draft"


async def test_a_landlord_who_is_the_tenant_or_nobody(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    own = portal.draft(resident, "rental-contract-filing", _filing(town, made), second_party_number=made.head.number)
    assert (await refusal(own)).code == "second-party-is-applicant"
    none = portal.draft(resident, "rental-contract-filing", _filing(town, made))
    assert (await refusal(none)).code == "second-party-needed"


async def test_a_second_submission_changes_nothing(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    await portal.submit(resident, application)
    problem = await refusal(portal.submit(resident, application))
    assert (problem.status, problem.code) == (409, "already-submitted")
    submitted = [each for each in (await portal.timeline(resident, application)).happenings if each.kind == "submitted"]
    assert len(submitted) == 1


async def test_a_submission_sent_twice_under_one_key_is_one_submission(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    path = f"/v1/applications/{application}/submission"
    first = await resident.send("POST", path, key="once")
    again = await resident.send("POST", path, key="once")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content


async def test_a_change_on_an_older_version_is_refused(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    path = f"/v1/applications/{application}"
    seen = await portal.see(resident, application)
    body: dict[str, Json] = {"form": {"address": made.home.address + "A"}}
    await resident.send("PATCH", path, body=body, if_match=seen.version)
    problem = await refusal(resident.send("PATCH", path, body=body, if_match=seen.version))
    assert (problem.status, problem.code) == (412, "stale-version")


async def test_only_what_is_decided_can_be_rated(town: Town) -> None:
    resident = await town.welcome(town.meet("elder"))
    application = await portal.draft(resident, "senior-card", {})
    problem = await refusal(portal.rate(resident, application, 5, "好"))
    assert (problem.status, problem.code) == (409, "not-decided")
    assert (await refusal(portal.rate(resident, application, 6, "好"))).status == 422
