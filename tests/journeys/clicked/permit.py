"""Step 4: the residence permit, with nothing but an address, and a door that is looked at."""

from __future__ import annotations

from tests.journeys import desk
from tests.journeys.cast import COMMUNITY, HOME
from tests.journeys.claims import claim_that
from tests.journeys.clicked.day import STAFF, ClickedDay
from tests.journeys.steps.school import only_task

ITEM = "residence-permit"
FEW = 7
"""Taps and fields of an application with everything held: find it, start, the address, what is held, submit."""


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
    await newcomer.answer({"address": HOME})
    await day.show(newcomer, "permit-evidence", "evidence", who=day.people.newcomer.name)
    await newcomer.press("frame.continue")
    await newcomer.press("resident.check.submit")
    await newcomer.told("resident.done.submitted")
    actions = newcomer.pressed - begun
    claim_that("few actions", holds=actions <= FEW, seen=actions)
    application = day.applications["permit"] = newcomer.path.rsplit("/", 1)[1]
    await day.show(newcomer, "permit-submitted", "permit.submitted", newcomer=day.people.newcomer.name, actions=actions)

    await _look_at_the_door(day, application)
    await newcomer.press_when_there("resident.application.see-result")
    await newcomer.follow(newcomer.t("resident.application.see-credential"))
    await newcomer.told("resident.credentials.says")
    await day.show(newcomer, "permit", "permit.granted")


async def _look_at_the_door(day: ClickedDay, application: str) -> None:
    queued = await only_task(day, "grid-officer", STAFF["grid"], application, "field-check", community=COMMUNITY)
    officer = day.staff("grid-officer", STAFF["grid"], community=COMMUNITY)
    await desk.claim(officer, queued.task_id)
    await desk.approve(officer, queued.task_id, note="入户核查，本人居住")
    day.say("permit.checked", officer=STAFF["grid"], address=HOME)
