"""The whole service over HTTP, with a real broker and a real store."""

from __future__ import annotations

import asyncio

import httpx

from services.applications.tests.office import NUMBER_OF, TENANCY
from services.applications.tests.service import Service
from testkit.patience import eventually

FILING = {"item": "rental-contract-filing", "second_party_number": NUMBER_OF["landlord"], "form": TENANCY}


def pointers(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(each["pointer"], each["code"]) for each in answer.json()["errors"]}


async def test_it_becomes_ready_and_publishes_its_items_once(service: Service) -> None:
    ready = await eventually(service.ready)
    assert (ready["bus"], ready["parts"]) == ({"consumes": True, "publishes": True}, {"scans": True})
    codes = {(await service.next_event("item-published"))["data"]["item"] for _ in range(5)}
    assert codes == {
        "rental-contract-filing", "residence-permit", "school-enrolment", "senior-allowance", "senior-card"
    }  # fmt: skip
    assert await service.database["published_items"].count_documents({}) == 5


async def test_a_tenancy_from_the_draft_to_the_credential(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    id = await service.drafts(FILING)
    submitted = await service.submits(id)
    assert (submitted["state"], submitted["attempt"], len(submitted["documents"])) == ("in-progress", 1, 3)
    assert submitted["second_party"]["name"] is None
    waiting = (await service.call("GET", "/v1/confirmations", by="landlord")).json()["items"]
    assert [(each["application_id"], each["applicant_name"]) for each in waiting] == [(id, "李育成")]
    assert {answer["key"] for answer in waiting[0]["form"]} == set(TENANCY)
    path, seen = f"/v1/applications/{id}/confirmation", waiting[0]["terms_sha256"]
    blindly = await service.call("POST", path, {"agrees": True}, by="landlord")
    assert (blindly.status_code, blindly.json()["code"]) == (422, "terms-not-named")
    other = await service.call("POST", path, {"terms_sha256": "0" * 64}, by="landlord")
    assert (other.status_code, other.json()["code"]) == (409, "terms-changed")
    confirmed = await service.call("POST", path, {"terms_sha256": seen}, by="landlord")
    assert (confirmed.status_code, confirmed.json()["answer"]) == (200, "confirmed")
    assert (await service.call("GET", "/v1/confirmations", by="landlord")).json()["items"] == []
    for party in ("newcomer", "landlord"):
        agreement = (await service.call("GET", f"/v1/applications/{id}/agreement", by=party)).json()
        assert (agreement["terms_sha256"], len(agreement["signatures"])) == (seen, 2)
        assert agreement["evidence"].count(".") == 2
    assert (await service.call("GET", f"/v1/applications/{id}/agreement", by="youth")).status_code == 404
    assert (await service.see(id))["second_party"]["name"] == "陈*英"
    await service.proves(id)
    approved = (await service.next_event("application-approved"))["data"]
    assert approved["grant"]["document_type"] == "rental-contract-record"
    stored = {
        "credential_id": "crd_1",
        "identifier": "1.2.156.3005.2.x",
        "document_type": "rental-contract-record",
        "origin": "grant",
        "application_id": id,
        "sequence": 1,
    }
    await service.tell("credential-store.credential-stored.v1", stored, case=id)

    async def linked() -> dict[str, object] | None:
        granted = (await service.see(id))["granted"]
        return granted if granted["credential"] else None

    granted = await eventually(linked)
    assert granted["credential"] == {
        "credential_id": "crd_1",
        "identifier": "1.2.156.3005.2.x",
        "status": "valid",
        "status_code": "01",
        "status_word": "valid",
        "status_name": "Valid",
    }
    timeline = (await service.call("GET", f"/v1/applications/{id}/timeline")).json()
    assert [each["kind"] for each in timeline["happenings"]][-1] == "approved"
    assert timeline["now"][0]["text"] == "It has ended: approved."


async def test_satisfaction_notice_and_statistics(service: Service) -> None:
    await service.knows("senior")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    await service.submits(id, by="senior")
    early = await service.call("POST", f"/v1/applications/{id}/satisfaction", {"score": 5}, by="senior")
    await service.proves(id, by="senior")
    await service.becomes(id, "approved", by="senior")
    path = f"/v1/applications/{id}/satisfaction"
    rated = await service.call("POST", path, {"score": 5, "comment": "很快"}, by="senior")
    twice = await service.call("POST", path, {"score": 4}, by="senior")
    wrong = await service.call("POST", path, {"score": 6}, by="senior")
    assert (early.status_code, rated.status_code, twice.status_code, wrong.status_code) == (409, 201, 409, 422)
    assert early.json()["code"] == "not-decided"
    notices = (await service.call("GET", "/v1/notices", role="")).json()
    assert notices == {"items": [], "next": None}  # not before tomorrow, nor of fewer than five
    figures = (await service.call("GET", "/v1/statistics?item=senior-card", role="official")).json()
    assert (figures["total"]["decided"], figures["documents"], figures["items"]) == (None, None, [])
    assert len(figures["months"]) == 6


async def test_a_month_beyond_the_calendar_is_refused_by_its_name(service: Service) -> None:
    for month, code in (("0001-01", "invalid-input"), ("2199-12", "month-to-come")):
        answer = await service.call("GET", f"/v1/statistics?month={month}", role="official")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "month" in str(answer.json()["errors"])


async def test_items_are_found_by_their_sound_and_everything_is_judged_in_one_answer(service: Service) -> None:
    await service.knows("newcomer")
    found = await service.call("GET", "/v1/items?q=juzhuzheng&limit=1", role="")
    assert [each["code"] for each in found.json()["items"]] == ["residence-permit"]
    page = (await service.call("GET", "/v1/items?q=%E8%80%81%E4%BA%BA&limit=1", role="")).json()
    rest = (await service.call("GET", f"/v1/items?q=%E8%80%81%E4%BA%BA&cursor={page['next']}", role="")).json()
    assert [each["code"] for each in (*page["items"], *rest["items"])] == ["senior-allowance", "senior-card"]
    judged = (await service.call("GET", "/v1/eligibility")).json()
    assert (judged["person"]["name"], len(judged["items"])) == ("李育成", 5)
    verdicts = {each["item"]["code"]: (each["verdict"], each["from"]) for each in judged["items"]}
    assert verdicts["residence-permit"] == ("may", None)
    assert verdicts["senior-card"] == ("may-from", "2050-01-01")
    assert (await service.call("GET", "/v1/eligibility?subject_id=child")).json()["code"] == "no-guardianship"


WRONG_DRAFTS: list[tuple[dict[str, object], int, str]] = [
    ({"item": "no-such-item"}, 404, "unknown-item"),
    ({"item": "senior-card", "surprise": 1}, 422, "invalid-input"),
    ({"item": "rental-contract-filing"}, 422, "second-party-needed"),
    ({**FILING, "second_party_number": "440309194906150027"}, 422, "identity-number-check-character"),
    ({**FILING, "second_party_number": NUMBER_OF["newcomer"]}, 422, "second-party-is-applicant"),
    ({"item": "school-enrolment"}, 422, "subject-needed"),
    ({**FILING, "form": {"address": 3}}, 422, "form-not-text"),
    ({**FILING, "form": {"rent": 3}}, 422, "form-unknown-field"),
    ({**FILING, "form": {"term_from": "2026-02-30"}}, 422, "form-not-date"),
    ({**FILING, "form": {"term_from": "2027-01-01", "term_to": "2026-12-31"}}, 422, "form-date-order"),
]


async def test_a_wrong_draft_is_refused_clearly_and_leaves_nothing(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    for body, status, code in WRONG_DRAFTS:
        answer = await service.call("POST", "/v1/applications", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"]
    assert (await service.counts())["applications"] == 0


async def test_a_refusal_calls_fields_and_roles_by_their_names(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    chinese = {"Accept-Language": "zh-CN"}
    wrong = await service.call("POST", "/v1/applications", {**FILING, "form": {"rent": 3}}, headers=chinese)
    assert "“rent”" in wrong.json()["detail"]
    assert "address" not in wrong.json()["detail"]
    not_theirs = await service.call("GET", "/v1/statistics", headers=chinese)
    assert not_theirs.json()["detail"] == "您登录的身份是居民，此操作由管理人员或运维人员办理。"


async def test_everything_that_is_missing_is_told_at_once(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    id = await service.drafts({**FILING, "form": {}})
    answer = await service.call("POST", f"/v1/applications/{id}/submission")
    assert pointers(answer) == {(f"#/form/{key}", "form-missing") for key in TENANCY}
    assert answer.status_code == 422


async def test_submitting_twice_is_refused_and_repeating_the_request_is_not(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    id = await service.drafts(FILING)
    path, key = f"/v1/applications/{id}/submission", {"Idempotency-Key": "k1"}
    first = await service.call("POST", path, headers=key)
    again = await service.call("POST", path, headers=key)
    twice = await service.call("POST", path)
    assert (first.status_code, again.status_code, twice.status_code) == (200, 200, 409)
    assert twice.json()["code"] == "already-submitted"
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")


async def test_two_submissions_at_the_same_moment_make_one(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    id = await service.drafts(FILING)
    answers = await asyncio.gather(*(service.call("POST", f"/v1/applications/{id}/submission") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    await service.next_event("application-submitted")


async def test_a_change_on_an_older_version_is_refused(service: Service) -> None:
    await service.knows("newcomer", "landlord")
    id = await service.drafts(FILING)
    path = f"/v1/applications/{id}"
    seen = await service.call("GET", path)
    tag = {"If-Match": seen.headers["ETag"]}
    changed = await service.call("PATCH", path, {"form": {"monthly_rent": 4200}}, headers=tag)
    late = await service.call("PATCH", path, {"form": {"monthly_rent": 9999}}, headers=tag)
    assert (changed.status_code, changed.headers["ETag"], late.status_code) == (200, '"2"', 412)
    gone = await service.call("PATCH", path, {"form": {"monthly_rent": None}})
    assert "monthly_rent" not in gone.json()["form"]


async def test_my_applications_come_in_pages(service: Service) -> None:
    await service.knows("senior")
    ids = [await service.drafts({"item": "senior-card"}, by="senior") for _ in range(3)]
    first = (await service.call("GET", "/v1/applications?limit=2", by="senior")).json()
    rest = (await service.call("GET", f"/v1/applications?limit=2&cursor={first['next']}", by="senior")).json()
    shown = [each["application_id"] for each in [*first["items"], *rest["items"]]]
    assert (shown, rest["next"]) == (ids[::-1], None)
    assert (await service.call("GET", "/v1/applications?state=approved", by="senior")).json()["items"] == []
    assert (await service.call("GET", "/v1/applications?cursor=xyz", by="senior")).status_code == 422


async def test_a_rejection_is_explained_in_both_languages(service: Service) -> None:
    await service.knows("senior")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    await service.submits(id, by="senior")
    compared = [
        ("id-card", "id-card", "equal"),
        ("photo", "portrait-photo", "missing"),
        ("status", "household-register", "revoked"),
    ]
    for requirement, document_type, result in compared:
        document = {
            "requirement": requirement,
            "attempt": 1,
            "document_type": document_type,
            "source": "city-mirror",
            "fields": [{"field": "name", "result": result}],
            "reviewable": False,
        }
        kind = "match-succeeded" if result == "equal" else "match-failed"
        await service.tell(f"matcher.{kind}.v2", {"application_id": id, "documents": [document]}, case=id)
    english = await service.becomes(id, "rejected", by="senior")
    assert [reason["text"] for reason in english["reasons"]] == [
        "No portrait photo was found",
        "The household register that government holds was revoked",
    ]
    headers = {"Accept-Language": "zh-CN"}
    chinese = (await service.call("GET", f"/v1/applications/{id}", by="senior", headers=headers)).json()
    assert [reason["text"] for reason in chinese["reasons"]] == ["没有查到证件照片的记录", "户口本的记录已被撤销"]
    assert "向公安部门" in chinese["reasons"][0]["action"]
    timeline = (await service.call("GET", f"/v1/applications/{id}/timeline", by="senior", headers=headers)).json()
    for told in (timeline["happenings"][-1]["text"], timeline["now"][0]["text"]):
        assert told.startswith("申请不予办理：没有查到证件照片的记录；户口本的记录已被撤销。下一步：请向公安部门")
        assert told.endswith("行政诉讼。")
