"""The resident's day, by clicking: on two phones, without a script, for a child, with a return that is corrected."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from synthetic.households import Household
from tests.browser.visitor import Visitor, Visitors, survey
from tests.end_to_end.town import Town
from tests.journeys.waiting import until


async def arrive(town: Town, made: Household) -> None:
    """Register a household, and have government hold everything about it."""
    await town.welcome(made)
    await town.tell(*made.records)
    head = town.resident(made.head)

    async def held() -> bool:
        found = await head.send("GET", "/v1/items/senior-card/eligibility")
        return any(each["need"] == "held" for each in found.json()["documents"])

    await until(held, bool, what="the records are held")


async def fill_in(page: Page, answers: dict[str, str]) -> None:
    """Answer question after question, use what is held, hand in nothing, until the page to check."""
    while "/check" not in page.url:
        if "/questions/" in page.url:
            key = page.url.split("/questions/")[1].split("?")[0]
            if key in answers:
                await page.locator(f"[name='{key}']").first.fill(answers[key])
        await page.locator("main .govuk-button", has_text="继续").click()
        await page.wait_for_load_state()


async def file_tenancy(tenant: Visitor, made: Household, *, certificate: str = "") -> str:
    """Have a tenant file a tenancy; return where it is then."""
    assert made.landlord is not None
    await tenant.go("/items/rental-contract-filing")
    await tenant.page.fill("#second_party_number", made.landlord.number)
    await tenant.page.get_by_role("button", name="开始办理").click()
    await fill_in(
        tenant.page,
        {
            "address": made.home.address,
            "term_from": "2026-01-01",
            "term_to": "2099-12-31",
            "monthly_rent": "3000",
            "certificate_number": certificate or made.property_number,
        },
    )
    await tenant.page.get_by_role("button", name="提交").click()
    await expect(tenant.page.get_by_text("已提交。")).to_be_visible()
    return tenant.page.url.removeprefix(tenant.url).split("?")[0]


async def test_a_tenancy_is_filed_on_two_phones_and_moves_by_itself(town: Town, visitors: Visitors) -> None:
    made = town.meet("newcomers")
    assert made.landlord is not None
    await arrive(town, made)
    tenant, landlord = await visitors.come(), await visitors.come(language="en", scheme="dark")
    await tenant.sign_in(number=made.head.number)
    address = await file_tenancy(tenant, made)
    await tenant.picture("application")

    await landlord.sign_in(number=made.landlord.number)
    await landlord.page.get_by_role("link", name="Please confirm: Rental contract filing").click()
    await expect(landlord.page.get_by_text(made.home.address)).to_be_visible()
    await landlord.picture("confirmation")
    await landlord.page.get_by_role("button", name="This is right, I confirm").click()
    await expect(landlord.page.get_by_text("It has been confirmed.")).to_be_visible()

    await expect(tenant.page.locator("#state")).to_contain_text("予以办理")  # nobody has reloaded anything
    await tenant.go(address)
    await tenant.page.get_by_role("radio", name="非常满意", exact=True).check()
    await tenant.page.get_by_role("button", name="提交评价").click()
    await expect(tenant.page.get_by_text("感谢您的评价。")).to_be_visible()
    await tenant.page.get_by_role("link", name="受理回执").click()
    await expect(tenant.page.get_by_role("button", name="打印或存为PDF")).to_be_visible()
    await tenant.picture("receipt")

    await tenant.go(f"{address}")
    await tenant.page.get_by_role("link", name="查看证照").click()
    await tenant.picture("credential")
    await tenant.page.locator("input[name=field]").first.check()
    await tenant.page.get_by_role("button", name="生成二维码").click()
    shown = "it => it.complete && it.naturalWidth > 100"
    await until(lambda: tenant.page.locator(".y-code").evaluate(shown), bool, what="the code is drawn")
    await tenant.picture("presentation")
    credential = tenant.page.url.removeprefix(tenant.url)

    await tenant.go("/my/accesses")
    await expect(tenant.page.locator(".y-timeline li").first).to_be_visible()
    pages = [address, f"{address}/receipt", credential, credential.split("/shown")[0], "/my/accesses", "/my/data"]
    assert await survey(tenant, [*pages, "/my/applications", "/my/credentials", "/"]) == {}


async def test_a_permit_with_everything_held_takes_five_taps_and_no_script(town: Town, visitors: Visitors) -> None:
    made = town.meet("senior")
    await arrive(town, made)
    visitor = await visitors.come(scripts=False)
    await visitor.sign_in(number=made.head.number)
    taps = 0
    await visitor.page.get_by_role("link", name="敬老优待证").first.click()
    taps += 1
    await visitor.page.get_by_role("button", name="开始办理").click()
    taps += 1
    while "/check" not in visitor.page.url:
        await visitor.page.locator("main .govuk-button", has_text="继续").click()
        taps += 1
    await visitor.page.get_by_role("button", name="提交").click()
    taps += 1
    await expect(visitor.page.get_by_text("已提交。")).to_be_visible()
    assert taps <= 5

    async def state() -> str:
        await visitor.page.reload()
        return await visitor.page.locator("#state").inner_text()

    await until(state, lambda it: "予以办理" in it, what="it is granted")


async def test_while_filling_in_every_page_is_for_everybody(town: Town, visitors: Visitors) -> None:
    made = town.meet("newcomers")
    await arrive(town, made)
    visitor = await visitors.come()
    await visitor.sign_in(number=made.head.number)
    await visitor.go("/items/residence-permit")
    await visitor.page.get_by_role("button", name="开始办理").click()
    draft = visitor.page.url.removeprefix(visitor.url).split("/questions")[0].split("/evidence")[0]
    pages = ["questions/address", "evidence", "documents/housing", "check"]
    items = ["/items/residence-permit", "/items/school-enrolment", "/items/rental-contract-filing"]
    assert await survey(visitor, [*(f"{draft}/{each}" for each in pages), *items]) == {}
    assert await survey(visitor, ["/", f"{draft}/check"], elder=True) == {}


async def test_a_photograph_is_handed_in_and_taken_back(town: Town, visitors: Visitors) -> None:
    made = town.meet("newcomers")
    await arrive(town, made)
    visitor = await visitors.come()
    await visitor.sign_in(number=made.head.number)
    await visitor.go("/items/residence-permit")
    await visitor.page.get_by_role("button", name="开始办理").click()
    draft = visitor.page.url.split("/questions")[0].split("/evidence")[0].removeprefix(visitor.url)
    await visitor.go(f"{draft}/documents/housing")
    pictures = [FilePayload(name=f"{number}.png", mimeType="image/png", buffer=picture()) for number in (1, 2)]
    await visitor.page.set_input_files("#file", pictures)
    await visitor.page.get_by_role("button", name="上传").click()
    await expect(visitor.page.locator("main .y-card")).to_have_count(2)
    await visitor.picture("document")
    await visitor.page.get_by_role("button", name="删除").first.click()
    await expect(visitor.page.locator("main .y-card")).to_have_count(1)

    bad = FilePayload(name="a.txt", mimeType="text/plain", buffer=b"no picture")
    await visitor.page.set_input_files("#file", [bad])
    await visitor.page.get_by_role("button", name="上传").click()
    await expect(visitor.page.locator(".govuk-error-summary")).to_be_focused()
    await expect(visitor.page).to_have_title(re.compile("^有误："))


async def test_what_is_wrong_is_said_disputed_taken_out_and_erased(town: Town, visitors: Visitors) -> None:
    made = town.meet("senior")
    await arrive(town, made)
    visitor = await visitors.come(language="en")
    await visitor.sign_in(number=made.head.number)
    await visitor.go("/my/data")
    await visitor.page.get_by_role("link", name="This is wrong Ethnic group").click()
    await visitor.page.fill("[name=should_say]", "壮")
    await visitor.page.get_by_role("button", name="Ask for the correction").click()
    await expect(visitor.page.locator(".govuk-error-summary a")).to_have_attribute("href", "#reason")
    await expect(visitor.page.locator("[name=should_say]")).to_have_value("壮")
    await visitor.page.fill("[name=reason]", "My card says so")
    await visitor.page.get_by_role("button", name="Ask for the correction").click()
    await expect(visitor.page.get_by_text("The correction has been asked for.")).to_be_visible()

    await visitor.page.get_by_role("button", name="Gather my data").click()
    await visitor.page.wait_for_url("**/my/exports/*")

    async def is_ready() -> bool:
        await visitor.page.reload()
        return await visitor.page.get_by_role("button", name="Read").count() == 1

    await until(is_ready, bool, what="the export is ready")
    export = visitor.page.url.removeprefix(visitor.url)
    await visitor.page.get_by_role("button", name="Read").click()
    await expect(visitor.page.locator("body")).to_contain_text(made.head.name)

    await visitor.go("/my/data")
    await visitor.page.get_by_role("button", name="See what would be erased").click()
    await visitor.page.wait_for_url("**/my/erasures/*")

    async def is_shown() -> bool:
        await visitor.page.reload()
        return await visitor.page.get_by_role("button", name="Erase it for good").count() == 1

    await until(is_shown, bool, what="the preview is there")
    erasure = visitor.page.url.removeprefix(visitor.url)
    assert await survey(visitor, [export, erasure]) == {}


async def test_another_persons_application_is_not_there(town: Town, visitors: Visitors) -> None:
    made, other = town.meet("newcomers"), town.meet("senior")
    await arrive(town, made)
    await town.welcome(other)
    owner, stranger = await visitors.come(), await visitors.come()
    await owner.sign_in(number=made.head.number)
    await owner.go("/items/residence-permit")
    await owner.page.get_by_role("button", name="开始办理").click()
    address = owner.page.url.removeprefix(owner.url)
    await stranger.sign_in(number=other.head.number)
    application = address.split("/")[3]
    below = ("", "/next", "/check", "/evidence", "/receipt", "/progress", "/withdrawal", "/stream", "/scans/scan_1")
    for path in (address, *(f"/my/applications/{application}{each}" for each in below)):
        answer = await stranger.page.context.request.get(f"{stranger.url}{path}")
        assert answer.status in {403, 404}, path


def picture() -> bytes:
    """Draw a small picture."""
    drawn = BytesIO()
    Image.new("RGB", (300, 200), "white").save(drawn, "PNG")
    return drawn.getvalue()
