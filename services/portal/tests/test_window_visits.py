"""Applying for the person who stands at the window, over a gateway that says what a test wants."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from services.portal.tests import district
from services.portal.tests.district import APP, APPLICATION, EVIL
from services.portal.tests.stage import Browser, Stage
from services.portal.tests.test_window_pages import CARD, harmless

VISIT = "/window/visits/prs_1"
STANDING: dict[str, Any] = {
    "presence_id": "prs_1",
    "resident_id": "res_ann",
    "name": EVIL,
    "begun_at": district.AT,
    "ends_at": district.AT,
    "wards": [{"child_id": "res_child", "name": EVIL}],
}
PAGES = [
    "/window/visits",
    VISIT,
    f"{VISIT}/items",
    f"{VISIT}/items?q=x&ward=res_child",
    f"{VISIT}/items/residence-permit",
    f"{VISIT}/items/residence-permit?ward=res_child",
    f"{VISIT}/applications/app_1/questions/address",
    f"{VISIT}/applications/app_1/evidence",
    f"{VISIT}/applications/app_1/documents/housing",
    f"{VISIT}/applications/app_1/check",
    f"{VISIT}/applications/app_1/receipt",
]


@pytest.fixture(params=["zh-CN", "en"])
async def clerk(stage: Stage, request: pytest.FixtureRequest) -> Browser:
    stage.gateway.answers |= district.answers()
    stage.gateway.answers |= {
        "POST /v1/presences": STANDING,
        "GET /v1/presences/prs_1": STANDING,
        "POST /v1/presences/prs_1/end": {},
        "POST /v1/applications": APPLICATION,
        f"PATCH {APP}": APPLICATION,
        f"POST {APP}/submission": APPLICATION,
    }
    browser = stage.browser(request.param)
    await browser.sign_in("clerk-lin", "/window/visits")
    return browser


async def test_the_card_begins_a_visit_whether_it_is_read_or_typed(stage: Stage, clerk: Browser) -> None:
    page = await clerk.send("/window/visits", card=json.dumps({**CARD, "valid_until": None}))
    assert page.url.path == VISIT
    await clerk.go("/window/visits")
    await clerk.send("/window/visits", **CARD, long_term="yes")
    expected = {**CARD, "valid_until": None, "name_confirmed": False}
    assert stage.gateway.bodies("POST /v1/presences") == [expected, expected]


async def test_without_a_card_nothing_begins_and_what_was_typed_stays(stage: Stage, clerk: Browser) -> None:
    page = await clerk.send("/window/visits", card="{")
    assert (page.status_code, stage.gateway.bodies("POST /v1/presences")) == (422, [])
    fault = {"pointer": "#/number", "code": "x", "detail": "没有登记", "action": "先登记"}
    problem = {"status": 404, "code": "presence-not-registered", "title": "x", "errors": [fault]}
    stage.gateway.answers["POST /v1/presences"] = lambda _: httpx2.Response(404, json=problem)
    page = await clerk.send("/window/visits", **CARD)
    assert page.status_code == 404
    assert 'id="number-error"' in page.text
    assert f'value="{CARD["number"]}"' in page.text


async def test_everything_asked_for_the_person_names_the_visit(stage: Stage, clerk: Browser) -> None:
    stage.gateway.asked.clear()
    for path in PAGES[1:]:
        page = await clerk.go(path)
        assert page.status_code == 200, path
        assert page.url.path.startswith(VISIT), path
        assert harmless(page), path
        assert "/my/" not in page.text, path
    own = [each for each in stage.gateway.asked if not each.url.path.startswith(("/v1/items", "/v1/presences"))]
    assert {each.headers.get("presence") for each in own} == {"prs_1"}


async def test_an_item_is_applied_for_from_its_page_to_the_receipt(stage: Stage, clerk: Browser) -> None:
    filing = stage.gateway.answers["GET /v1/items/residence-permit/eligibility"]
    stage.gateway.answers |= {"GET /v1/items/filing": district.ITEM, "GET /v1/items/filing/eligibility": filing}
    await clerk.go(f"{VISIT}/items/filing")
    assert "second_party_number" not in clerk.page.text  # both sign in themselves
    assert any(each in clerk.page.text for each in ("不能在这里代办", "each sign in and confirm"))
    assert not any(each in clerk.page.text for each in ("无需提供任何材料", "Nothing has to be brought"))
    item = {**district.ITEM, "second_party": None}
    stage.gateway.answers["GET /v1/items/residence-permit"] = item
    await clerk.go(f"{VISIT}/items/residence-permit?ward=res_child")
    page = await clerk.send(f"{VISIT}/items/residence-permit/application")
    assert page.url.path.startswith(f"{VISIT}/applications/app_1/questions/")
    assert stage.gateway.bodies("POST /v1/applications") == [
        {"item": "residence-permit", "form": {}, "subject_id": "res_child"}
    ]
    await clerk.go(f"{VISIT}/applications/app_1/check")
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "in-progress"}
    page = await clerk.send(f"{VISIT}/applications/app_1/submission")
    assert page.url.path == f"{VISIT}/applications/app_1"
    assert f"{VISIT}/applications/app_1/receipt" in page.text
    assert harmless(page)
    page = await clerk.send(f"{VISIT}/end")
    assert (page.url.path, page.status_code) == ("/window/visits", 200)


async def test_a_visit_that_a_service_has_not_heard_of_yet_is_waited_for(stage: Stage, clerk: Browser) -> None:
    answer, asked = stage.gateway.answers["GET /v1/eligibility"], list[int]()

    def late(_: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        if len(asked) > 1:
            return httpx2.Response(200, json=answer)
        return httpx2.Response(403, json={"status": 403, "code": "presence-unknown", "title": "x"})

    stage.gateway.answers["GET /v1/eligibility"] = late
    assert (await clerk.go(VISIT)).status_code == 200
    assert len(asked) == 2
