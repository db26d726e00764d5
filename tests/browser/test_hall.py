"""The hall: what everybody may see, without signing in."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from local_stack.stack import Stack
from synthetic.caller import CallerAnswer
from tests.browser.visitor import Visitors, survey
from tests.end_to_end.town import Town
from tests.journeys import portal
from tests.journeys.waiting import until

PAGES = (
    "/hall/",
    "/hall/notices",
    "/hall/progress",
    "/hall/statistics",
    "/hall/record",
    "/hall/windows",
    "/hall/status",
)


class Receipt(CallerAnswer):
    """What stands on a receipt to ask with."""

    number: str
    code: str


@pytest.mark.parametrize("scripts", [True, False])
async def test_whoever_has_a_receipt_reads_where_the_application_stands(
    town: Town, visitors: Visitors, *, scripts: bool
) -> None:
    made = town.meet("senior")
    resident = await town.welcome(made)
    application = await portal.draft(resident, "senior-card", {})
    await portal.submit(resident, application)
    receipt = await resident.get(f"/v1/applications/{application}/receipt", Receipt)

    visitor = await visitors.come(scripts=scripts)
    await visitor.go("/hall/progress")
    await visitor.page.fill("#number", receipt.number)
    for language, kept in (("en", "Track an application"), ("zh-CN", "进度查询")):
        if not scripts:
            await visitor.page.click(f"header a[lang={language}]")
        await visitor.page.click(f"button[value={language}]:visible")
        await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(kept)
        assert await visitor.page.input_value("#number") == receipt.number
    await visitor.page.fill("#code", "wrong-code")
    await visitor.page.get_by_role("button", name="查询").click()
    await expect(visitor.page).to_have_title(re.compile("^有误："))
    assert await visitor.page.input_value("#number") == receipt.number

    await visitor.page.fill("#code", receipt.code.lower())
    await visitor.page.get_by_role("button", name="查询").click()
    await expect(visitor.page.get_by_text("已提交。")).to_be_visible()
    assert made.head.name not in await visitor.page.inner_text("main")
    await visitor.picture("hall-progress-found")


async def test_the_hall_says_which_part_is_away_and_goes_on_without_it(stack: Stack, visitors: Visitors) -> None:
    visitor = await visitors.come(language="en")

    async def status() -> str:
        await visitor.go("/hall/status")
        return await visitor.page.get_by_role("heading", level=1).inner_text()

    await until(status, lambda it: it == "Everything works", what="what a test before has killed is back")
    stack.kill("applications")
    try:
        await until(status, lambda it: it == "Some parts do not answer at the moment", what="the loss is told")
        answer = await visitor.go("/hall/")
        assert answer is not None
        assert answer.status == 200
        await expect(visitor.page.get_by_text("can't be shown").first).to_be_visible()
    finally:
        stack.start("applications")


async def test_the_hall_is_for_everybody(visitors: Visitors) -> None:
    visitor = await visitors.come()
    assert await survey(visitor, PAGES) == {}
    for page in PAGES:
        await visitor.go(page)
        await visitor.picture("hall" + page.removeprefix("/hall").rstrip("/").replace("/", "-"))
