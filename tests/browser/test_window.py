"""The window: a clerk registers, looks up, and makes somebody a guardian, with a card reader and without."""

from __future__ import annotations

import json
import re

from playwright.async_api import Page, expect

from local_stack.card_reader import reading
from local_stack.stack import Stack
from synthetic.people import SyntheticPerson
from synthetic.registration import card
from tests.browser.test_resident import arrive
from tests.browser.visitor import DESK, Visitors, survey
from tests.end_to_end.town import Town
from tests.journeys.waiting import until

PURPOSE = "核对登记"
FORBIDDEN = 403


async def test_a_person_is_registered_from_a_card_reader_that_types(town: Town, visitors: Visitors) -> None:
    made = town.meet("newcomers")
    clerk = await visitors.come(size=DESK)
    await clerk.sign_in(subject="clerk-lin")
    assert clerk.page.url == f"{clerk.url}/window/"
    await _read(clerk.page, made.head)
    await expect(clerk.page.locator("#name")).to_have_value(made.head.name)
    await clerk.page.select_option("#community", made.head.community)
    await clerk.page.fill("#birth_date", "1990-02-02")
    await clerk.page.get_by_role("button", name="登记", exact=True).click()
    await expect(clerk.page.locator("#birth_date-error")).to_be_visible()
    await expect(clerk.page).to_have_title(re.compile("^有误："))
    await clerk.picture("window-error")

    await clerk.page.fill("#birth_date", made.head.born.isoformat())
    await clerk.page.get_by_role("button", name="登记", exact=True).click()
    await expect(clerk.page.get_by_role("heading", level=1)).to_have_text("登记完成")
    assert made.head.number not in await clerk.page.content()
    await clerk.picture("window-registered")


async def test_a_person_is_looked_up_suspended_and_reinstated_and_made_a_guardian(
    town: Town, visitors: Visitors
) -> None:
    made = town.meet("newcomers")
    await town.welcome(made, guardian=False)
    assert made.child is not None
    clerk = await visitors.come(scripts=False, size=DESK)
    await clerk.sign_in(subject="clerk-lin", then="/window/look-up")
    page = clerk.page
    await page.fill("#number", made.head.number)
    await page.get_by_role("button", name="查询", exact=True).click()
    await expect(page.locator("#purpose-error")).to_be_visible()
    await page.fill("#purpose", PURPOSE)
    await page.get_by_role("button", name="查询", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(made.head.name)
    for button in ("暂停", "恢复"):
        await page.fill("#reason", "证件遗失")
        await page.get_by_role("button", name=button, exact=True).click()
        await expect(page.get_by_text("已" + button).first).to_be_visible()
    address = page.url.removeprefix(clerk.url).partition("?")[0]

    await clerk.go("/window/guardianship")
    await page.fill("#guardian_number", made.head.number)
    await page.fill("#child_number", made.child.number)
    await page.get_by_label("母亲").check()
    await page.fill("#reference", "T440012345")
    await page.get_by_role("button", name="登记监护").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("监护已登记")
    await clerk.go(f"{address}/history?purpose={PURPOSE}")
    await expect(page.get_by_role("heading", name=made.child.name)).to_be_visible()

    looker = await visitors.come()
    await looker.sign_in(subject="clerk-lin")
    pages = [
        "/window/",
        "/window/look-up",
        "/window/guardianship",
        f"{address}?purpose={PURPOSE}",
        f"{address}/card?purpose={PURPOSE}",
        f"{address}/history?purpose={PURPOSE}",
    ]
    assert await survey(looker, pages) == {}
    for number, shown in enumerate(pages):
        await looker.go(shown)
        await looker.picture(f"window-{number}")


async def test_who_stands_there_is_applied_for_and_reads_that_in_their_record(
    town: Town, stack: Stack, visitors: Visitors
) -> None:
    made = town.meet("senior")
    await arrive(town, made)
    clerk = await visitors.come(size=DESK)
    await clerk.sign_in(subject="clerk-lin", then="/window/visits")
    page = clerk.page
    with reading(stack.ports.reader, stack.gateway_url) as reader:
        await page.get_by_role("button", name="读取身份证").click()
        await expect(page.get_by_text("本机的读卡器没有应答")).to_be_visible()
        reader.card = card(made.head)
        await page.get_by_role("button", name="读取身份证").click()
        await page.wait_for_url("**/window/visits/prs_*")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(made.head.name)
    await clerk.picture("window-visit")
    await page.get_by_role("link", name="敬老优待证").first.click()
    await clerk.picture("window-visit-item")
    await page.get_by_role("button", name="开始办理").click()
    while "/check" not in page.url:
        await page.locator("main .govuk-button", has_text="继续").click()
        await page.wait_for_load_state()
    await clerk.picture("window-visit-check")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("已提交")
    await clerk.picture("window-visit-submitted")
    await page.get_by_role("button", name="打印回执").click()
    await expect(page.get_by_text(made.head.name)).to_be_visible()
    receipt = page.url.removeprefix(clerk.url)
    await clerk.picture("window-visit-receipt")
    await clerk.go(receipt.split("/applications/")[0])
    await page.get_by_role("button", name="本人已离开").click()
    await expect(page.get_by_text("请将证件交还本人")).to_be_visible()
    gone = await clerk.go(receipt)
    assert gone is not None
    assert gone.status == FORBIDDEN

    resident = await visitors.come()
    await resident.sign_in(number=made.head.number, then="/my/applications")
    await expect(resident.page.get_by_role("link", name="敬老优待证")).to_be_visible()

    async def record() -> str:
        await resident.go("/my/accesses")
        return await resident.page.locator("main").inner_text()

    told = ("读取身份证", "处理了", "敬老优待证", "窗口工作人员")
    await until(record, lambda it: all(each in it for each in told), what="it is in the record")
    await resident.picture("window-visit-record")


async def _read(page: Page, person: SyntheticPerson) -> None:
    """Let a reader type a card into its field, as a keyboard does, and end the line."""
    await page.locator("#card").fill(json.dumps(card(person)))
    await page.locator("#card").press("Enter")
    await expect(page.locator("#number")).to_have_value(person.number)
