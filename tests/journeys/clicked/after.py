"""Step 8: how it was, who used what, who may check it, what everybody and officials see."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.visitor import DESK, PHONE
from tests.journeys.claims import claim_that
from tests.journeys.clicked.day import STAFF, ClickedDay


async def look_back(day: ClickedDay) -> None:
    """He rates, shows his permit, reads who used his data; the hall tells no name, and officials see figures."""
    newcomer = await day.phone_of(day.people.newcomer, then=f"/my/applications/{day.applications['permit']}")
    await newcomer.page.get_by_role("radio", name=newcomer.t("resident.rating.5"), exact=True).check()
    await newcomer.press("resident.rating.button")
    await newcomer.told("resident.done.rated")
    await newcomer.follow(newcomer.t("resident.receipt.title"))
    receipt = dict(
        zip(
            await newcomer.page.locator("main dt").all_inner_texts(),
            await newcomer.page.locator("main dd").all_inner_texts(),
            strict=True,
        )
    )
    await day.show(newcomer, "receipt", "after.rated", newcomer=day.people.newcomer.name)

    await newcomer.visitor.go(f"/my/applications/{day.applications['permit']}")
    await newcomer.follow(newcomer.t("resident.application.see-credential"))
    await newcomer.page.locator("input[name=field]").first.check()
    await newcomer.press("resident.credentials.show-button")
    await expect(newcomer.page.locator(".y-code")).to_be_visible()
    await day.show(newcomer, "shown", "after.shown", newcomer=day.people.newcomer.name)
    await newcomer.page.locator("summary").click()
    shown = await newcomer.page.locator("p.y-link").inner_text()

    stranger = await day.arrive(PHONE)
    await stranger.visitor.go("/verify/")
    await stranger.fill("presentation", shown)
    await stranger.page.locator("form button:not([type=button])").last.click()
    await expect(stranger.page.locator(".verdict.good")).to_be_visible()
    await day.show(stranger, "verified", "after.verified")

    await newcomer.visitor.go("/my/accesses")
    await expect(newcomer.page.locator(".y-timeline li").first).to_be_visible()
    await day.show(newcomer, "who-used-my-data", "after.accesses", newcomer=day.people.newcomer.name)

    await stranger.visitor.go("/hall/progress")
    await stranger.fill("number", receipt[newcomer.t("resident.application.number")])
    await stranger.fill("code", receipt[newcomer.t("resident.receipt.code")])
    await stranger.press("hall.progress.look")
    await stranger.told("hall.progress.no-person")
    await day.show(stranger, "progress", "after.progress")
    await stranger.visitor.go("/hall/notices")
    notices = await stranger.page.locator("main").inner_text()
    claim_that("no name is told in full", holds=day.people.newcomer.name not in notices, seen=notices)
    await day.show(stranger, "notices", "after.notices")

    official = await day.staff_at(STAFF["official"], DESK)
    await official.told("office.how")
    await day.show(official, "dashboard", "after.dashboard")
    await official.follow(official.t("office.navigation.reviews"), within="nav")
    await official.told("office.reviews.text")
    await day.show(official, "phase-out", "after.phase-out")
