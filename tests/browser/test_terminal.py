"""The terminal: two people after one another at one kiosk, with a card reader that vouches with its key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from local_stack.card_reader import CardReader, ReaderTerminal, reading
from local_stack.stack import Stack
from synthetic.registration import card
from tests.browser.test_resident import arrive
from tests.browser.visitor import DESK, Visitor, Visitors
from tests.end_to_end.town import Town
from tests.journeys.waiting import until


@pytest.fixture
def reader(stack: Stack) -> Iterator[CardReader]:
    with reading(stack.ports.reader, stack.gateway_url) as it:
        yield it


async def begin(kiosk: Visitor) -> None:
    """Touch "Begin"."""
    await kiosk.page.get_by_role("button", name="开始", exact=True).click()


async def apply(kiosk: Visitor) -> None:
    """Apply for the senior card with what is held."""
    page = kiosk.page
    await page.get_by_role("link", name="敬老优待证").first.click()
    await kiosk.picture("terminal-item")
    await page.get_by_role("button", name="开始办理").click()
    await page.wait_for_url("**/terminal/applications/**")
    while "/check" not in page.url:
        here = page.url
        await page.locator("main .govuk-button", has_text="继续").click()
        await expect(page).not_to_have_url(here)
    await kiosk.picture("terminal-check")
    await page.get_by_role("button", name="提交").click()
    await expect(page.locator("#state")).to_be_visible()
    await kiosk.picture("terminal-application")


async def test_two_people_after_one_another_and_the_second_sees_nothing_of_the_first(
    town: Town, stack: Stack, reader: CardReader, visitors: Visitors
) -> None:
    first, second = town.meet("senior"), town.meet("newcomers")
    await arrive(town, first)
    reader.terminal = ReaderTerminal(stack.layout.keys, "kiosk-1", (first.head.community, second.head.community))
    kiosk = await visitors.come(size=DESK)
    page = kiosk.page
    await kiosk.go("/terminal/")
    await begin(kiosk)
    await expect(page.get_by_text("读卡区没有身份证")).to_be_visible()  # never without the card
    await kiosk.picture("terminal-start")

    reader.card = card(first.head)
    await begin(kiosk)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("您好")
    await expect(page.locator("[data-left-box]")).to_contain_text("秒")
    await kiosk.picture("terminal-home")
    history = await page.evaluate("history.length")
    await apply(kiosk)
    await page.get_by_role("button", name="受理回执").click()
    await expect(page.get_by_text(first.head.name)).to_be_visible()
    await kiosk.picture("terminal-receipt")
    receipt = page.url.removeprefix(kiosk.url)
    assert await page.evaluate("history.length") == history
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0

    reader.card = None  # taken off
    await expect(page.get_by_text("请带好您的证件")).to_be_visible()
    await page.go_back()
    await expect(page.locator("body")).not_to_contain_text(first.head.name)

    reader.card = card(second.head)
    await kiosk.go("/terminal/")
    await begin(kiosk)
    await page.get_by_role("button", name="现在登记").click()  # comes for the first time
    await expect(page.get_by_role("heading", level=1)).to_contain_text("您好")
    await kiosk.picture("terminal-registered")
    await kiosk.go(receipt)
    await expect(page.locator("main")).not_to_contain_text(first.head.name)
    await page.get_by_role("button", name="结束").click()
    await expect(page.get_by_text("请带好您的证件")).to_be_visible()

    resident = await visitors.come()
    await resident.sign_in(number=first.head.number, then="/my/accesses")

    async def record() -> str:
        await resident.page.reload()
        return await resident.page.locator("main").inner_text()

    await until(record, lambda it: "自助终端" in it and "kiosk-1" not in it, what="the terminal is in the record")


async def test_silence_ends_a_visit_without_a_script_too(
    town: Town, stack: Stack, reader: CardReader, visitors: Visitors
) -> None:
    made = town.meet("senior")
    await arrive(town, made)
    reader.card = card(made.head)
    reader.terminal = ReaderTerminal(stack.layout.keys, "kiosk-2", (made.head.community,))
    kiosk = await visitors.come(size=DESK)
    await kiosk.page.clock.install()
    await kiosk.go("/terminal/")
    await begin(kiosk)
    await expect(kiosk.page.get_by_role("heading", level=1)).to_contain_text("您好")
    await kiosk.page.clock.run_for(41_000)
    await expect(kiosk.page.locator(".y-silence--soon")).to_be_visible()
    await kiosk.picture("terminal-soon")
    await kiosk.page.get_by_role("button", name="我还在").click()
    await expect(kiosk.page.locator(".y-silence--soon")).to_have_count(0)
    without = await visitors.come(scripts=False)
    await without.page.context.add_cookies(await kiosk.page.context.cookies())  # type: ignore[arg-type] # what the one gives, the other takes
    await without.go("/terminal/home")
    refresh = without.page.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]")
    assert await refresh.get_attribute("content") == "60; url=/terminal/end"
    await kiosk.page.clock.run_for(61_000)
    await expect(kiosk.page.get_by_text("请带好您的证件")).to_be_visible()
    await without.page.reload()
    assert without.page.url == f"{kiosk.url}/terminal/"
