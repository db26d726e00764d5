"""Bad luck at a page: two tabs, a double click, a service that goes away, a task that is gone, much and nothing."""

from __future__ import annotations

import asyncio
import re

import httpx2
import pytest

from portal.app import texts_of_all
from services.portal.tests import district
from services.portal.tests.district import APP, APPLICATION, CREDENTIAL
from services.portal.tests.stage import HOME, Browser, Stage

QUESTION = "/my/applications/app_1/questions/address"
TYPED = "民乐社区3栋"


@pytest.fixture
async def ann(stage: Stage) -> Browser:
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.sign_in("res_ann")
    return browser


async def test_the_second_tab_is_told_and_keeps_what_was_typed_on_the_version_of_now(
    stage: Stage, ann: Browser
) -> None:
    stale = {"status": 412, "title": "内容已更新", "detail": "您看到的不是最新内容", "action": "请核对后再提交"}
    await ann.go(QUESTION)
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "version": 4}
    stage.gateway.answers[f"PATCH {APP}"] = lambda _: httpx2.Response(412, json=stale)
    page = await ann.send(address=TYPED)
    assert (page.status_code, TYPED in page.text, "您看到的不是最新内容" in page.text) == (412, True, True)
    stage.gateway.answers[f"PATCH {APP}"] = APPLICATION
    await ann.send(address=TYPED)
    sent = [each.headers["if-match"] for each in stage.gateway.asked if each.method == "PATCH"]
    assert sent == ['"3"', '"4"']


async def test_a_double_click_is_one_deed(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers[f"POST {APP}/submission"] = APPLICATION
    await ann.go("/my/applications/app_1/check")
    data = {**ann.hidden(), "version": "3"}
    action = f"{HOME}/my/applications/app_1/submission"
    await asyncio.gather(*(ann.client.post(action, data=data, headers={"Origin": HOME}) for _ in range(2)))
    keys = [each.headers["idempotency-key"] for each in stage.gateway.asked if each.url.path.endswith("/submission")]
    assert (len(keys), len(set(keys))) == (2, 1)


@pytest.mark.parametrize(("shown", "action"), [("check", "/my/applications/app_1/submission"), ("withdrawal", "")])
async def test_a_form_sent_again_or_decided_while_it_was_open_says_so(
    stage: Stage, ann: Browser, shown: str, action: str
) -> None:
    decided = {"status": 409, "title": "已经办结", "detail": "这件申请已经办结", "action": "请查看结果"}
    await ann.go(f"/my/applications/app_1/{shown}")
    for deed in ("submission", "withdrawal"):
        stage.gateway.answers[f"POST {APP}/{deed}"] = lambda _: httpx2.Response(409, json=decided)
    page = await ann.send(action, version="3", reason="不办了")
    assert (page.status_code, "这件申请已经办结" in page.text) == (409, True)
    assert "不办了" in page.text or shown == "check"


@pytest.mark.parametrize("is_gone", [False, True], ids=["answers 503", "is gone"])
async def test_what_was_typed_while_the_service_went_away_stands_in_the_form_when_it_is_back(
    stage: Stage, ann: Browser, *, is_gone: bool
) -> None:
    await ann.go(QUESTION)
    stage.gateway.answers[f"PATCH {APP}"] = 503
    stage.gateway.is_away = is_gone
    page = await ann.send(address=TYPED)
    assert page.status_code == 503
    assert f'href="{QUESTION}"' in page.text
    stage.gateway.is_away = True
    assert (await ann.go(QUESTION)).status_code == 503  # too early
    stage.gateway.is_away = False
    again = await ann.go(QUESTION)
    assert TYPED in again.text
    stage.gateway.answers[f"PATCH {APP}"] = APPLICATION
    await ann.send(address=TYPED)
    assert stage.gateway.bodies(f"PATCH {APP}")[-1] == {"form": {"address": TYPED}}
    assert stage.store["kept-forms"].documents == {}
    assert TYPED not in (await ann.go(QUESTION)).text
    sent = [each.headers["idempotency-key"] for each in stage.gateway.asked if each.method == "PATCH"]
    assert (len(sent), len(set(sent))) == (2, 1), "it may have arrived although nothing was heard of it"


async def test_a_service_that_takes_too_long_is_told_as_that(stage: Stage, ann: Browser) -> None:
    stage.gateway.answers[f"GET {APP}"] = 504
    page = await ann.go("/my/applications/app_1")
    assert (page.status_code, texts_of_all().say("zh-CN", "frame.away.slow.title") in page.text) == (503, True)


async def test_what_was_typed_while_the_provider_was_away_comes_back_too(stage: Stage, ann: Browser) -> None:
    await ann.go(QUESTION)
    stage.clock.pass_by(minutes=16)
    stage.away.append("token")
    page = await ann.send(address=TYPED)
    assert page.status_code in {303, 503}
    stage.away.clear()
    assert TYPED in (await ann.go(QUESTION)).text


async def test_a_resident_with_nothing_finds_every_page_saying_so(stage: Stage, ann: Browser) -> None:
    for call in ("applications", "confirmations", "credentials", "accesses", "disputes", "corrections", "erasures"):
        stage.gateway.answers[f"GET /v1/{call}"] = district.page() | {"next": None}
    stage.gateway.answers |= {"GET /v1/eligibility": {"items": []}, "GET /v1/residents/res_ann/wards": district.page()}
    for path in ("/", "/my/applications", "/my/credentials", "/my/accesses", "/my/data"):
        page = await ann.go(path)
        assert page.status_code == 200, path
        assert "y-empty" in page.text or path in {"/", "/my/data"}, path


async def test_four_hundred_credentials_come_page_by_page(stage: Stage, ann: Browser) -> None:
    def some(request: httpx2.Request) -> httpx2.Response:
        first = int(request.url.params.get("cursor", 0))
        most = int(request.url.params.get("limit", 20))
        found = [{**CREDENTIAL, "credential_id": f"crd_{number}"} for number in range(first, min(400, first + most))]
        return httpx2.Response(200, json={"items": found, "next": str(first + most) if first + most < 400 else None})

    stage.gateway.answers["GET /v1/credentials"] = some
    page, seen = await ann.go("/my/credentials"), set[str]()
    while len(seen) < 400:
        before = len(seen)
        seen |= {part.split('"')[0] for part in page.text.split('href="/my/credentials/crd_')[1:]}
        assert len(seen) > before
        if further := re.search(r'href="([^"]+)" rel="next"', page.text):
            page = await ann.go(further[1].replace("&amp;", "&"))
    assert 'rel="next"' not in page.text
    assert (await ann.go("/")).status_code == 200


async def test_a_department_without_tasks_says_so(stage: Stage) -> None:
    stage.gateway.answers |= {
        "GET /v1/tasks/queues": {"queues": [], "in_hand": []},
        "GET /v1/tasks": {"items": [], "next": None},
    }
    reviewer = stage.browser()
    page = await reviewer.sign_in("reviewer-he", then="/desk/")
    assert page.status_code == 200
    for key in ("desk.queues.none", "desk.mine.none"):
        assert texts_of_all().say("zh-CN", key) in page.text
    assert "y-empty" in (await reviewer.go("/desk/tasks")).text
    assert "/desk/next" not in page.text + reviewer.page.text, "there is no task to take"
    assert (await reviewer.go("/desk/takeovers")).url.path == "/desk/"
