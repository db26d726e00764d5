"""What residents do beside the newcomer's day: without a script, with photographs, with their rights."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image
from playwright.async_api import FilePayload, expect

from synthetic.households import Household
from tests.browser.visitor import Visitors, survey
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
    await visitor.page.get_by_role("button", name="上传", exact=True).click()
    await expect(visitor.page.locator("main .y-card")).to_have_count(2)
    await visitor.picture("document")
    await visitor.page.get_by_role("button", name="删除").first.click()
    await expect(visitor.page.locator("main .y-card")).to_have_count(1)

    bad = FilePayload(name="a.txt", mimeType="text/plain", buffer=b"no picture")
    await visitor.page.set_input_files("#file", [bad])
    await visitor.page.get_by_role("button", name="上传", exact=True).click()
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

    await expect(visitor.page.get_by_role("button", name="Read")).to_be_visible()  # nothing was reloaded
    export = visitor.page.url.removeprefix(visitor.url)
    await visitor.page.get_by_role("button", name="Read").click()
    await expect(visitor.page.locator("body")).to_contain_text(made.head.name)

    await visitor.go("/my/data")
    await visitor.page.get_by_role("button", name="See what would be erased").click()
    await visitor.page.wait_for_url("**/my/erasures/*")

    confirm = visitor.page.get_by_role("button", name="Erase it for good")
    await expect(confirm).to_be_visible()
    erasure = visitor.page.url.removeprefix(visitor.url)
    assert await survey(visitor, [export, erasure]) == {}
    await confirm.click()
    await expect(visitor.page.get_by_text("Was erased")).to_be_visible()


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
