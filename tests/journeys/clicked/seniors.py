"""Steps 6 and 7: a card in one breath, in large type; and a refusal that can be understood."""

from __future__ import annotations

from playwright.async_api import expect

from synthetic.people import SyntheticPerson
from tests.journeys.clicked.day import Actor, ClickedDay

ITEM = "senior-card"


async def grant_senior_card(day: ClickedDay) -> None:
    """An old woman with large type on her phone: nothing to bring, decided while she looks."""
    senior = await day.phone_of(day.people.senior)
    await senior.press("frame.elder-view")
    item = senior.page.locator(f"main a[href='/items/{ITEM}']")
    await senior.found(item, "the card among what she may apply for")
    await day.show(senior, "senior-home", "senior.home", senior=day.people.senior.name)
    await item.first.click()
    await _apply(day, senior, "senior")
    await senior.follow(senior.t("resident.application.see-credential"))
    await day.show(senior, "senior-card", "senior.granted", senior=day.people.senior.name)


async def reject_withdrawn(day: ClickedDay) -> None:
    """A record was withdrawn: refused at once, with what to do about it."""
    unlucky = await _at_the_item(day, day.people.unlucky)
    await _apply(day, unlucky, "withdrawn")
    await unlucky.told("resident.application.why")
    await day.show(unlucky, "refused", "withdrawn.rejected", person=day.people.unlucky.name)


async def _at_the_item(day: ClickedDay, person: SyntheticPerson) -> Actor:
    return await day.phone_of(person, then=f"/items/{ITEM}")


async def _apply(day: ClickedDay, who: Actor, name: str) -> None:
    """Start, go on past what is held and what could be handed in, submit, and wait for the decision."""
    start = who.page.get_by_role("button", name=who.t("resident.item.start"), exact=True)
    await who.found(start, "that one may apply")
    await who.press("resident.item.start")
    while not who.path.endswith("/check"):
        await who.press("frame.continue")
        await who.page.wait_for_load_state()
    await who.press("resident.check.submit")
    await who.told("resident.done.submitted")
    day.applications[name] = who.path.rsplit("/", 1)[1]
    result = who.page.get_by_role("button", name=who.t("resident.application.see-result"), exact=True)
    decided = who.page.locator("form[action$='/satisfaction']")
    await expect(result.or_(decided).first).to_be_visible()
    if await result.count():
        await result.click()
    await expect(decided).to_be_visible()
