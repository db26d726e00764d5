"""The office's pages: what is told of few, what waits for whom, and how two officials switch review off."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from portal.office.answers import OfficeMonthFigures
from portal.office.charts import HEIGHT, WIDTH, columns
from services.portal.tests.district import EVIL
from services.portal.tests.office import (
    AT,
    FIGURES,
    KIND,
    OFF,
    PAGE,
    QUEUES,
    REHEARSAL,
    STATISTICS,
    SWITCHES,
    WENT_BACK,
    proposal,
    step,
    switch,
    switches,
)
from services.portal.tests.stage import Browser, Stage


@pytest.fixture
def office(stage: Stage) -> Stage:
    stage.gateway.answers |= {
        "GET /v1/statistics": STATISTICS,
        "GET /v1/tasks/statistics": QUEUES,
        **switches(switch()),
        f"GET {SWITCHES}/{KIND}/rehearsal": REHEARSAL,
    }
    return stage


async def official(stage: Stage, subject: str = "official-jiang", language: str = "zh-CN") -> Browser:
    browser = stage.browser(language)
    await browser.sign_in(subject)
    return browser


def main_of(browser: Browser) -> str:
    """Return what the page says, without its markup."""
    text = browser.page.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_dashboard_says_what_may_be_told_and_says_kindly_what_may_not(office: Stage, language: str) -> None:
    browser = await official(office, language=language)
    assert str(browser.page.url).endswith("/office/")
    said = main_of(browser)
    assert EVIL not in browser.page.text
    for told in ("40", "50%", "除少于5件外的全部", "件数过少，不予显示"):
        assert told in said
    assert ("少于5" if language == "zh-CN" else "fewer than 5") in said
    assert "None" not in said
    assert 'style="' not in browser.page.text


async def test_months_follow_each_other_and_one_that_can_not_be_is_said(office: Stage) -> None:
    browser = await official(office)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.params.get("month") == "2030-01":
            fault = {"pointer": "#/month", "code": "month-to-come", "detail": "该月还没有开始", "action": "请选择"}
            return httpx2.Response(422, json={"status": 422, "title": "内容有误", "errors": [fault]})
        return httpx2.Response(200, json=STATISTICS)

    office.gateway.answers["GET /v1/statistics"] = answer
    page = await browser.go("/office/?item=senior-card")
    assert 'href="/office/?month=2026-10&amp;item=senior-card"' in page.text
    assert 'href="/office/?month=2026-12&amp;item=senior-card"' in page.text
    page = await browser.go("/office/?month=2030-01")
    assert page.status_code == 422
    assert "该月还没有开始" in page.text
    assert "50%" in page.text


async def test_the_rest_of_the_dashboard_is_there_while_a_part_is_away(office: Stage) -> None:
    browser = await official(office)
    office.gateway.answers["GET /v1/statistics"] = 503
    page = await browser.go("/office/")
    assert page.status_code == 200
    assert "待办" in main_of(browser)
    office.gateway.answers |= {"GET /v1/statistics": STATISTICS, "GET /v1/tasks/statistics": 502}
    assert "50%" in (await browser.go("/office/")).text


async def test_what_waits_for_another_official_is_seen_first_by_that_official(office: Stage) -> None:
    office.gateway.answers |= switches(switch(proposal=proposal("official-jiang")))
    jiang, qiu = await official(office), await official(office, "official-qiu")
    assert "等您同意或否决" not in main_of(jiang)
    assert "有1项审核调整等您同意或否决" in main_of(qiu)
    await jiang.go("/office/reviews")
    await qiu.go("/office/reviews")
    assert ("等另一位负责人" in main_of(jiang), "等您决定" in main_of(jiang)) == (True, False)
    assert "等您决定" in main_of(qiu)
    assert "/approval" not in (await jiang.go(PAGE)).text
    assert "/approval" in (await qiu.go(PAGE)).text
    assert "official-" not in main_of(qiu)


@pytest.mark.parametrize(
    ("found", "group"), [(switch(), "可以不再人工审核"), (OFF, "不再人工审核"), (WENT_BACK, "已自动恢复人工审核")]
)
async def test_document_types_are_sorted_by_what_can_be_done(office: Stage, found: dict[str, Any], group: str) -> None:
    office.gateway.answers |= switches(found)
    browser = await official(office)
    page = await browser.go("/office/reviews")
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", page.text)[0] == group
    assert EVIL not in page.text


async def test_the_rehearsal_is_shown_and_a_proposal_is_sent_with_the_version_that_was_seen(office: Stage) -> None:
    office.gateway.answers[f"POST {SWITCHES}/{KIND}/proposal"] = switch()
    browser = await official(office)
    page = await browser.go(PAGE)
    assert EVIL not in page.text
    assert all(told in main_of(browser) for told in ("41", "7", "3", "2026****"))
    assert f"{PAGE}?cursor=later" in page.text
    done = await browser.send(f"{PAGE}/proposal", reason="镜像库已完整")
    assert "已提议，等另一位负责人同意" in done.text
    [asked] = [each for each in office.gateway.asked if each.method == "POST"]
    assert asked.headers["if-match"] == '"4"'
    assert asked.headers["idempotency-key"]
    assert office.gateway.bodies(f"POST {SWITCHES}/{KIND}/proposal") == [
        {"review": "automatic", "reason": "镜像库已完整"}
    ]


async def test_another_official_approves_or_drops_it(office: Stage) -> None:
    office.gateway.answers |= {
        **switches(switch(proposal=proposal("official-jiang"))),
        f"POST {SWITCHES}/{KIND}/approval": OFF,
        f"POST {SWITCHES}/{KIND}/rejection": switch(),
    }
    browser = await official(office, "official-qiu")
    await browser.go(PAGE)
    assert "立即适用" in (await browser.send(f"{PAGE}/approval")).text
    await browser.go(PAGE)
    await browser.send(f"{PAGE}/rejection", **{"rejection-reason": "暂缓"})
    assert office.gateway.bodies(f"POST {SWITCHES}/{KIND}/rejection") == [{"reason": "暂缓"}]


async def test_a_refusal_is_said_on_the_page_with_what_was_typed(office: Stage) -> None:
    fault = {"pointer": "#/reason", "code": "missing", "detail": "请填写理由", "action": ""}

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(422, json={"status": 422, "title": "内容有误", "errors": [fault]})

    office.gateway.answers |= {
        **switches(switch(proposal=proposal("official-jiang"))),
        f"POST {SWITCHES}/{KIND}/rejection": answer,
        f"POST {SWITCHES}/{KIND}/approval": 409,
    }
    browser = await official(office, "official-qiu")
    await browser.go(PAGE)
    page = await browser.send(f"{PAGE}/rejection", **{"rejection-reason": "<b>暂缓"})
    assert page.status_code == 422
    assert '<a href="#rejection-reason">否决的理由：请填写理由</a>' in page.text
    assert "&lt;b&gt;暂缓</textarea>" in page.text
    page = await browser.send(f"{PAGE}/approval")
    assert page.status_code == 409
    assert "<title>有误" in page.text


async def test_what_happened_names_nobody_but_oneself(office: Stage) -> None:
    history = [
        step("proposed", "official-qiu"),
        step("switched", "official-qiu", "official-jiang"),
        step("switched", review="people"),
    ]
    office.gateway.answers |= switches(switch(since=AT, history=history))
    browser = await official(office)
    page = await browser.go(PAGE)
    said = main_of(browser)
    assert "另一位负责人提议不再人工审核" in said
    assert "您和另一位负责人决定不再人工审核" in said
    assert "2026年11月30日 02:30，更正过多。" in said
    assert "official-" not in page.text.partition("<main")[2]


async def test_only_officials_and_only_kinds_that_there_are(office: Stage) -> None:
    clerk = office.browser()
    await clerk.sign_in("clerk-lin")
    for page in ("/office/", "/office/reviews", PAGE):
        assert (await clerk.go(page)).status_code == 403
    browser = await official(office)
    assert (await browser.go("/office/reviews/no-such")).status_code == 404


def month(number: int, decided: int | None, share: float | None = 0.5) -> OfficeMonthFigures:
    figures = {**FIGURES, "decided": decided, "automatic_share": share}
    first = date(2026, number, 1)
    return OfficeMonthFigures.model_validate({**figures, "first": first, "last": first + timedelta(days=27)})


def test_columns_lie_within_the_drawing() -> None:
    chart = columns([month(9, 50), month(10, None), month(11, 100, None)])
    assert chart is not None
    assert chart.top == 100
    assert [column.is_few for column in chart.columns] == [False, True, False]
    first, _, third = chart.columns
    assert (third.automatic + third.rest, first.automatic + first.rest) == (HEIGHT, HEIGHT / 2)
    assert all(0 <= each.x <= each.x + each.width <= WIDTH for each in chart.columns)


def test_there_is_no_chart_of_nothing() -> None:
    assert columns([]) is None
    alone = columns([month(11, None, None)])
    assert alone is not None
    assert alone.top == 0
