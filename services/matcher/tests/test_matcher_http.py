"""Dry runs and counts over HTTP, with the service running for real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from services.matcher.tests.outside import FLAT, NUMBER, RESIDENT, Json, Outside
from testkit.patience import eventually

DRY_RUN: Json = {"item": "senior-card", "applicant": {"number": NUMBER}, "purpose": "核对能否全自动办理"}


async def publish_item(outside: Outside) -> None:
    requirements = [
        {
            "key": "id-card",
            "document_types": ["id-card"],
            "holder": "applicant",
            "claims": {"number": "holder.number_index", "name": "holder.name", "birth_date": "holder.birth_date"},
        },
        {
            "key": "status",
            "document_types": ["household-register", "residence-permit"],
            "holder": "applicant",
            "claims": {"holder_name": "holder.name", "address": "form.registered_address"},
        },
        {
            "key": "landlord",
            "document_types": ["id-card"],
            "holder": "second-party",
            "claims": {"name": "holder.name"},
        },
    ]
    await outside.publishes("applications.item-published.v1", item="senior-card", requirements=requirements)

    async def known() -> httpx.Response | None:
        answer = await outside.calls("POST", "/v1/dry-runs", DRY_RUN, role="official")
        return None if answer.status_code == 404 else answer

    await eventually(known)


async def test_an_official_tries_an_item_and_the_resident_can_read_who_tried(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("household-register", {"holder_name": "李育成", "address": FLAT})
    await outside.hears_of_holdings("id-card", "household-register")
    await publish_item(outside)
    asked = DRY_RUN | {"form": {"registered_address": "民治街道幸福花园3栋503"}}
    first = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Idempotency_Key="k1"
    )
    assert first.status_code == 200
    identity, status, landlord = first.json()["requirements"]
    assert (identity["result"], identity["source"]["name"]) == ("proven", "电子证照库")
    assert (status["result"], status["document_type"]["code"]) == ("not-proven", "household-register")
    differing = {"field": "address", "result": "different", "reason": "unit-differs"}
    assert status["fields"][1] == differing | {"label": "户籍地址", "explanation": "单元或房号不一致"}
    assert landlord["result"] == "holder-not-named"
    assert first.json()["registered"] == {"applicant": True, "subject": True}
    assert FLAT not in first.text
    assert "李育成" not in first.text

    again = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Idempotency_Key="k1"
    )
    assert again.json() == first.json()
    english = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Accept_Language="en"
    )
    assert english.json()["requirements"][1]["fields"][1]["explanation"] == "the unit or room differs"

    told = [await outside.hears_of_a_look(purpose=DRY_RUN["purpose"]) for _ in range(2)]
    assert [look["holder"]["resident_id"] for look in told] == [RESIDENT] * 2
    assert "official-7" in {look["by"]["subject"] for look in told}


NOT_TO_BE_TRIED: list[tuple[Json, int, str]] = [
    ({"item": "fishing-licence"}, 404, "item-unknown"),
    ({"applicant": {"resident_id": "res_9"}}, 404, "resident-unknown"),
    ({"applicant": {"number": "440309199001010014"}}, 422, "identity-number-check-character"),
    ({"applicant": {"number": NUMBER, "resident_id": RESIDENT}}, 422, "invalid-input"),
    ({"applicant": {}}, 422, "invalid-input"),
    ({"purpose": " "}, 422, "invalid-input"),
    ({"purpose": "查" * 201}, 422, "invalid-input"),
    ({"unasked": 1}, 422, "invalid-input"),
]


async def test_a_dry_run_that_can_not_be_tried_says_why(outside: Outside) -> None:
    await publish_item(outside)
    for changes, status, code in NOT_TO_BE_TRIED:
        answer = await outside.calls("POST", "/v1/dry-runs", DRY_RUN | changes, role="official")
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes


async def test_a_person_named_twice_or_not_at_all_is_told_in_words(outside: Outside) -> None:
    for applicant in ({}, {"number": NUMBER, "resident_id": RESIDENT}):
        answer = await outside.calls("POST", "/v1/dry-runs", DRY_RUN | {"applicant": applicant}, role="official")
        (fault,) = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("#/applicant", "one-person")
        assert fault["detail"] == "请用居民编号或身份证号码指明这个人，两者只填其一。"


async def test_the_evidence_is_counted_by_source_and_type(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("bank-account", {"name": "李育成"})
    for n in range(2, 11):
        await outside.holds("bank-account", {"name": "赵六"}, record_id=f"sz-{n}", holder_index=f"{n:x}b" * 32)
    await outside.hears_of_holdings("id-card", "bank-account")

    expected = {"bank-account": 10, "id-card": None}  # all ten have arrived

    async def counted() -> Json | None:
        answer: Json = (await outside.calls("GET", "/v1/evidence/statistics", role="official")).json()
        return answer if {row["document_type"]: row["count"] for row in answer["records"]} == expected else None

    answer = await eventually(counted)
    assert (answer["people"], answer["registered"], answer["suppressed"]) == (5, None, True)  # one is registered
    assert answer["text"] == "共10条记录，涉及5人，其中已登记少于5人"
    assert {(row["source"], row["document_type"], row["count"], row["suppressed"]) for row in answer["records"]} == {
        ("city-mirror", "bank-account", 10, False),
        ("district-store", "id-card", None, True),
    }
    (few,) = [row["text"] for row in answer["records"] if row["suppressed"]]
    assert few.endswith("居民身份证（有效）：少于5条")


async def test_a_resident_sees_what_is_held_and_the_look_is_recorded(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("household-register", {"holder_name": "李育成", "address": FLAT})
    await outside.hears_of_holdings("id-card", "household-register")
    await publish_item(outside)
    path = "/v1/evidence?item=senior-card"
    seen = await outside.calls("GET", path, role="resident", subject=RESIDENT, Accept_Language="en")
    assert seen.status_code == 200
    card, status = seen.json()["requirements"]
    assert (card["proven"], status["proven"]) == (True, False)  # the form's address is the applicant's to give
    assert status["held"][0]["fields"][1]["text"] == FLAT
    assert status["held"][0]["age_text"].startswith("updated ")
    told = await outside.hears_of_a_look(how="viewed")
    assert (told["holder"]["resident_id"], told["by"]["role"], told["what"]) == (RESIDENT, "self", "evidence")
    stranger = await outside.calls("GET", path, role="resident", subject="res_9")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not-registered")
    ward = await outside.calls("GET", f"{path}&subject_id=res_9", role="resident", subject=RESIDENT)
    assert (ward.status_code, ward.json()["code"]) == (403, "no-guardianship")

    until = datetime.now(UTC) + timedelta(minutes=20)
    read = {"subject": "clerk-7", "role": "clerk", "departments": []}
    begun = {"presence_id": "prs_1", "resident_id": RESIDENT, "by": read, "ends_at": until.isoformat()}
    await outside.publishes("identity.presence-begun.v1", **begun)

    async def helped() -> httpx.Response | None:
        answer = await outside.calls("GET", path, role="clerk", subject="clerk-7", Presence="prs_1")
        return answer if answer.status_code == 200 else None

    assert (await eventually(helped)).json()["requirements"][1]["held"]
    assert (await outside.hears_of_a_look(how="viewed"))["by"]["subject"] == "clerk-7"
    without = await outside.calls("GET", path, role="clerk", subject="clerk-7")
    assert (without.status_code, without.json()["code"]) == (403, "presence-needed")
