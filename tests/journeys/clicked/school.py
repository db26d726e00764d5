"""Steps 3 and 5: a school place, with one document that a person looks at, once."""

from __future__ import annotations

from playwright.async_api import FilePayload, expect

from tests.browser.visitor import DESK
from tests.journeys import scans
from tests.journeys.cast import HOME
from tests.journeys.clicked.day import STAFF, Actor, ClickedDay
from tests.journeys.holdings import BIRTH_CERTIFICATE_NUMBER, HOUSEHOLD_NUMBER

ITEM = "school-enrolment"


async def obtain_school_place(day: ClickedDay) -> None:
    """The newcomer photographs one document; Health looks at it and Education decides, both by keys."""
    people = day.people
    newcomer = await day.phone_of(people.newcomer, then="/")
    await _begin(day, newcomer, "school-item", "school.item")
    await newcomer.press("frame.continue")
    photograph = FilePayload(name="IMG_0871.png", mimeType="image/png", buffer=scans.png(871))
    await newcomer.page.set_input_files("#file", [photograph])
    await newcomer.press("resident.document.upload")
    await newcomer.told("resident.done.handed-in")
    await day.show(newcomer, "photograph", "school.photograph", newcomer=people.newcomer.name)
    await newcomer.press("frame.continue")
    await newcomer.press("resident.check.submit")
    await newcomer.told("resident.done.submitted")
    day.applications["school"] = newcomer.path.rsplit("/", 1)[1]

    for subject, picture in ((STAFF["health"], "reviewer"), (STAFF["education"], "officer")):
        officer = await day.staff_at(subject, DESK, then="/desk/")
        await officer.found(officer.page.locator("#queues td.govuk-table__cell--numeric"), f"a task for {subject}")
        await _open_decision(officer)
        await day.show(officer, picture, f"school.{picture}")
        await officer.page.keyboard.press("Enter")
        await officer.page.wait_for_url("**done=approval**")

    await newcomer.press_when_there("resident.application.see-result")
    await day.show(newcomer, "school-granted", "school.granted", child=people.child.name)
    await newcomer.follow(newcomer.t("resident.application.see-credential"))
    await expect(newcomer.page.locator("main")).to_contain_text(people.child.name)


async def second_parent(day: ClickedDay) -> None:
    """The mother applies, too: what was approved once is held now, and need not be brought again."""
    wife = await day.phone_of(day.people.wife, then="/")
    await _begin(day, wife, "mother-item", "school.held")
    certificate = wife.page.get_by_text(BIRTH_CERTIFICATE_NUMBER)
    await expect(certificate.first).to_be_visible()  # held since a person looked at it for the father
    await day.show(wife, "mother-evidence", "evidence", who=day.people.wife.name)
    while not wife.path.endswith("/check"):
        await wife.press("frame.continue")
        await wife.page.wait_for_load_state()
    await wife.press("resident.check.submit")
    await wife.told("resident.done.submitted")
    day.applications["second-parent"] = wife.path.rsplit("/", 1)[1]
    await wife.page.get_by_role("link", name=wife.t("resident.withdrawal.title")).click()
    await wife.fill("reason", "孩子的学位已由父亲申请到")
    await wife.press("resident.withdrawal.button")
    await wife.told("resident.done.withdrawn")
    await day.show(wife, "mother-withdrawn", "school.withdrawn", wife=day.people.wife.name)


async def _begin(day: ClickedDay, parent: Actor, picture: str, says: str) -> None:
    """Find the item, whose child is chosen where there is one only; start, and answer."""
    await parent.fill("q", "上小学")
    await parent.press("resident.search.button")
    await parent.page.locator(f"main a[href='/items/{ITEM}']").first.click()
    await parent.found(parent.page.get_by_role("button", name=parent.t("resident.item.start")), "that one may apply")
    await expect(parent.page.get_by_role("heading", name=day.people.child.name).first).to_be_visible()
    await day.show(parent, picture, says)
    await parent.press("resident.item.start")
    await parent.answer(
        {
            "address": HOME,
            "parents": f"{day.people.newcomer.name}\n{day.people.wife.name}",
            "birth_certificate_number": BIRTH_CERTIFICATE_NUMBER,
            "household_number": HOUSEHOLD_NUMBER,
        }
    )


async def _open_decision(officer: Actor) -> None:
    """Take the most urgent task and choose the first reason for approving it, by keys alone."""
    await expect(officer.page.locator("[data-keys]")).to_be_visible()
    await officer.page.keyboard.press("n")
    await officer.page.wait_for_url("**/desk/tasks/task_*")
    await expect(officer.page.locator("[data-keys]")).to_be_visible()
    await officer.page.keyboard.press("a")
    await officer.page.keyboard.press("1")
    await expect(officer.page.locator("details[data-deed][open] [data-reasons] input").first).to_be_checked()
