"""Step 4: the residence permit, for which everything is known, and a door that is looked at."""

from __future__ import annotations

from contextlib import suppress

from playwright.async_api import TimeoutError as PlaywrightTimeout
from playwright.async_api import expect

from tests.browser.network import Network, network
from tests.browser.visitor import PHONE
from tests.journeys.cast import HOME
from tests.journeys.claims import claim_that
from tests.journeys.clicked.day import STAFF, ClickedDay
from tests.journeys.waiting import until

ITEM = "residence-permit"
FEW = 5
"""Taps and fields of an application with everything held: find it, start, what is held, submit."""


async def obtain_permit(day: ClickedDay) -> None:
    """Everything proves itself; the grid officer looks at the address."""
    newcomer = await day.phone_of(day.people.newcomer, then="/")
    item = newcomer.page.locator(f"main a[href='/items/{ITEM}']")
    await newcomer.found(item, "the permit among what one may apply for")
    begun = newcomer.pressed
    newcomer.pressed += 1
    await item.first.click()
    await day.show(newcomer, "permit-item", "permit.item")
    await newcomer.press("resident.item.start")
    await newcomer.told("resident.evidence.title")
    await day.show(newcomer, "permit-evidence", "evidence", who=day.people.newcomer.name)
    await newcomer.press("frame.continue")
    await newcomer.press("resident.check.submit")
    await newcomer.told("resident.done.submitted")
    actions = newcomer.pressed - begun
    claim_that("few actions", holds=actions <= FEW, seen=actions)
    day.applications["permit"] = newcomer.path.rsplit("/", 1)[1]
    await day.show(newcomer, "permit-submitted", "permit.submitted", newcomer=day.people.newcomer.name, actions=actions)

    async with network() as through:
        await _look_at_the_door(day, through)
    await newcomer.press_when_there("resident.application.see-result")
    await newcomer.follow(newcomer.t("resident.application.see-credential"))
    await newcomer.told("resident.credentials.says")
    await day.show(newcomer, "permit", "permit.granted")


async def _look_at_the_door(day: ClickedDay, through: Network) -> None:
    """The grid officer takes the door along, looks at it where there is no network, and sends it when it is back."""
    officer = await day.staff_at(STAFF["grid"], PHONE, through=through)
    round_ = officer.page.get_by_role("button", name=officer.t("doors.free.round"), exact=True)
    door = officer.page.get_by_role("link", name=HOME, exact=True)

    async def taken() -> bool:
        """Take what is free now: another's door may be there before this one."""
        await (officer.press("doors.free.round") if await round_.count() else officer.page.reload())
        with suppress(PlaywrightTimeout):  # the list is written by the page's script
            await door.last.wait_for(timeout=2000)
        return await door.count() > 0

    await until(taken, bool, what="the newcomer's door is taken along")
    await expect(door.last).to_be_visible()
    await expect(officer.page.locator("[data-says=ready]")).to_be_visible()
    await day.show(officer, "doors", "permit.doors")

    await through.cut(officer.page.context)
    await door.last.click()
    await expect(officer.page.locator("[data-says=offline]")).to_be_visible()
    await officer.page.locator("input[name=result][value^='approval:']").first.check()
    await officer.fill("note", "入户核查，本人居住")
    await day.show(officer, "door-without-network", "permit.without-network")
    await officer.press("doors.record.send")
    waiting = officer.page.locator("[data-entries] li")
    await expect(waiting).to_have_count(1)
    await through.mend()
    await expect(waiting).to_have_count(0)
    await day.show(officer, "door-sent", "permit.sent", address=HOME)
