"""What people do most, by clicking: each counts the fields, taps and keys that it took, with a script and without."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from playwright.async_api import ViewportSize, expect

from synthetic import records
from synthetic.registration import card
from tests.browser.test_doors import officer, wait_for
from tests.browser.visitor import DESK, PHONE, Visitors
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.clicked.day import STAFF, Actor
from tests.journeys.waiting import until
from tests.load.forms import form_for

PERMIT = "residence-permit"


@dataclass(frozen=True)
class Walk:
    """Who may be met, and whether their browsers run scripts."""

    town: Town
    visitors: Visitors
    scripts: bool

    async def come(self, size: ViewportSize, *, subject: str = "", number: str = "", then: str = "") -> Actor:
        """Have somebody come and sign in; what they do is counted from then on."""
        visitor = await self.visitors.come(size=size, scripts=self.scripts)
        await visitor.sign_in(subject=subject, number=number, then=then)
        return Actor(visitor, "zh-CN")


async def register(walk: Walk) -> int:
    """Lay a card on the reader, choose the community, register."""
    made = walk.town.meet("newcomers")
    clerk = await walk.come(DESK, subject=STAFF["clerk"])
    await clerk.fill("card", json.dumps(card(made.head)))
    await clerk.page.locator("#card").press("Enter")  # the reader ends its line
    await expect(clerk.page.locator("#number")).to_have_value(made.head.number)
    clerk.pressed += 1
    await clerk.page.select_option("#community", made.head.community)
    await clerk.press("window.register.submit")
    await clerk.told("window.registered.title")
    return clerk.pressed


async def permit(walk: Walk) -> int:
    """Apply for the residence permit when government holds everything that it needs."""
    town, made = walk.town, walk.town.meet("newcomers")
    head = await town.welcome(made)
    last = made.head.number[-8:]
    home = records.property_certificate(made.head, f"YUE{last}", made.home.address)
    await town.tell(*made.records, *(replace(each, keeper="city") for each in records.named((home,), last)))
    await until(
        lambda: portal.explain(head, PERMIT),
        lambda it: all(each.need == "held" for each in it.documents),
        what="everything is held",
    )
    resident = await walk.come(PHONE, number=made.head.number)
    item = resident.page.locator(f"main a[href='/items/{PERMIT}']")
    await resident.found(item, "the permit on the first page")
    resident.pressed += 1
    await item.first.click()
    await resident.press("resident.item.start")
    await resident.press("frame.continue")
    await resident.press("resident.check.submit")
    await resident.told("resident.done.submitted")
    return resident.pressed


async def review(walk: Walk) -> int:
    """Approve what a person must look at: three keys, or three clicks where no script listens to keys."""
    town, made = walk.town, walk.town.meet("newcomers")
    head = await town.welcome(made)
    application = await portal.draft(head, PERMIT, form_for(PERMIT, made, town.today))
    await portal.hand_in(head, application, "work", "social-insurance-record", scans.png())
    await portal.submit(head, application)
    of_insurance = town.worker("reviewer", "si-7", department="social-insurance")
    queue = await until(
        lambda: desk.queue(of_insurance, application_id=application), lambda it: bool(it.items), what="a task"
    )
    assert queue.items
    reviewer = await walk.come(DESK, subject="reviewer-fan", then="/desk/")
    await reviewer.press("desk.tasks.begin")
    await reviewer.page.wait_for_url("**/desk/tasks/task_*")
    reviewer.pressed = 0  # the next one comes by itself
    if walk.scripts:
        await expect(reviewer.page.locator("[data-keys]")).to_be_visible()
        for key in ("a", "1", "Enter"):
            reviewer.pressed += 1
            await reviewer.page.keyboard.press(key)
    else:
        for part in ("summary[data-key=a]", "[data-deed][open] input[type=radio]", "[data-deed][open] form > * button"):
            reviewer.pressed += 1
            await reviewer.page.locator(part).first.click()
    await reviewer.page.wait_for_url("**done=approval**")
    return reviewer.pressed


async def door(walk: Walk) -> int:
    """Take the doors that wait, open one, say what was found."""
    waiting = await wait_for(walk.town)
    grid = await walk.come(PHONE, subject=STAFF["grid"])
    await grid.press("doors.free.round")
    await grid.follow(waiting.address, exact=True)
    grid.pressed += 1
    await grid.page.locator("input[name=result]").first.check()
    await grid.press("doors.record.send")
    await until(
        lambda: desk.read(officer(walk.town), waiting.task),
        lambda it: it.status.code == "approved",
        what="the visit is recorded",
    )
    return grid.pressed


JOURNEYS: Mapping[str, Callable[[Walk], Awaitable[int]]] = {
    "register a person": register,
    "apply for a residence permit with everything held": permit,
    "decide a review": review,
    "check a door": door,
}
GOALS = {"apply for a residence permit with everything held": 5, "decide a review": 3}
"""Actions at most, from the portal's goals."""
