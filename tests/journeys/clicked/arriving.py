"""Steps 1 and 2: registering at the window, and filing the tenancy on two phones."""

from __future__ import annotations

import json
from datetime import timedelta

from playwright.async_api import expect

from synthetic.people import SyntheticPerson
from synthetic.registration import card
from synthetic.registration import register as register_person
from tests.browser.visitor import DESK, PHONE
from tests.journeys.cast import HOME
from tests.journeys.clicked.day import STAFF, Actor, ClickedDay
from tests.journeys.holdings import BIRTH_CERTIFICATE_NUMBER, PROPERTY_NUMBER
from tests.journeys.steps.arriving import tell_the_system


async def register(day: ClickedDay) -> None:
    """A clerk registers the family from their cards; the landlord has done so at a terminal."""
    await tell_the_system(day)
    people = day.people
    terminal = day.staff("terminal", "terminal-minzhi-07", community=people.landlord.community)
    day.ids[people.landlord.number] = await register_person(terminal, people.landlord, "terminal")
    day.say("register.landlord", landlord=people.landlord.name)

    clerk = await day.staff_at(STAFF["clerk"], DESK)
    await _read_card(clerk, people.newcomer)
    await clerk.page.select_option("#community", people.newcomer.community)
    await day.show(clerk, "card-read", "register.read", newcomer=people.newcomer.name)
    await clerk.press("window.register.submit")
    await clerk.told("window.registered.title")
    await day.show(clerk, "registered", "register.done", newcomer=people.newcomer.name)
    for person in (people.wife, people.child, people.senior, people.unlucky):
        await clerk.press("window.registered.another")
        await _read_card(clerk, person)
        await clerk.press("window.register.submit")
        await clerk.told("window.registered.title")

    for guardian, relation in ((people.newcomer, "father"), (people.wife, "mother")):
        await clerk.follow(clerk.t("window.navigation.guardianship"), within="nav")
        await clerk.fill("guardian_number", guardian.number)
        await clerk.fill("child_number", people.child.number)
        await clerk.page.get_by_label(clerk.t(f"window.relations.{relation}"), exact=True).check()
        await clerk.fill("reference", BIRTH_CERTIFICATE_NUMBER)
        await clerk.press("window.guardianship.submit")
        await clerk.told("window.guardianship.registered")
    await day.show(
        clerk,
        "guardians",
        "register.child",
        child=people.child.name,
        newcomer=people.newcomer.name,
        wife=people.wife.name,
    )
    await clerk.follow(clerk.t("window.navigation.register"), within="nav")
    await _read_card(clerk, people.newcomer)
    await clerk.page.select_option("#community", people.newcomer.community)
    await clerk.press("window.register.submit")
    await clerk.told("window.registered.again")
    day.say("register.again")


async def file_tenancy(day: ClickedDay) -> None:
    """The newcomer files it on one phone, the landlord confirms on another, and the first page moves by itself."""
    people = day.people
    visitor = await day.arrive(PHONE)
    await visitor.visitor.go("/")
    await day.show(visitor, "welcome", "tenancy.welcome", newcomer=people.newcomer.name)
    newcomer = await day.phone_of(people.newcomer)
    await expect(newcomer.page.get_by_role("heading", level=1)).to_contain_text(people.newcomer.name)
    await day.show(newcomer, "home", "tenancy.home", newcomer=people.newcomer.name)

    await newcomer.fill("q", "租房")
    await newcomer.press("resident.search.button")
    await day.show(newcomer, "found", "tenancy.found")
    await newcomer.page.locator("main a[href^='/items/rental-contract-filing']").first.click()
    await newcomer.found(newcomer.page.locator("#second_party_number"), "the page to begin with")
    await newcomer.fill("second_party_number", people.landlord.number)
    await day.show(newcomer, "item", "tenancy.item")
    await newcomer.press("resident.item.start")
    await newcomer.answer(
        {
            "address": HOME,
            "term_from": (day.today - timedelta(days=1)).isoformat(),
            "term_to": (day.today + timedelta(days=729)).isoformat(),
            "monthly_rent": "3600",
            "certificate_number": PROPERTY_NUMBER,
        }
    )
    await day.show(newcomer, "evidence", "evidence", who=people.newcomer.name)
    await newcomer.press("frame.continue")
    await day.show(newcomer, "check", "tenancy.check")
    await newcomer.press("resident.check.submit")
    await newcomer.told("resident.done.submitted")
    day.applications["tenancy"] = newcomer.path.rsplit("/", 1)[1]
    await day.show(newcomer, "submitted", "tenancy.submitted", newcomer=people.newcomer.name)

    link = await newcomer.page.locator("strong.y-link").inner_text()
    landlord = await day.phone_of(people.landlord, then=link.removeprefix(newcomer.visitor.url))
    await expect(landlord.page.get_by_text(HOME).first).to_be_visible()
    await day.show(landlord, "landlord-asked", "tenancy.asked", landlord=people.landlord.name)
    await landlord.press("resident.confirmation.confirm")
    await landlord.told("resident.done.confirmed")

    await newcomer.press_when_there("resident.application.see-result")  # the page has moved by itself
    await day.show(newcomer, "approved", "tenancy.approved", newcomer=people.newcomer.name)


async def _read_card(clerk: Actor, person: SyntheticPerson) -> None:
    """Let a reader type a card into its field, as a keyboard does, and end the line."""
    await clerk.fill("card", json.dumps(card(person)))
    await clerk.page.locator("#card").press("Enter")
    await expect(clerk.page.locator("#number")).to_have_value(person.number)
