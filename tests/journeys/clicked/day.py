"""Who has which browser, what pages call their buttons, and pictures of what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from playwright.async_api import Locator, Page, ViewportSize, expect

from portal.app import texts_of_all
from runtime.texts import Language, Texts
from synthetic.people import SyntheticPerson
from tests.browser.network import Network
from tests.browser.visitor import PHONE, Visitor, Visitors
from tests.journeys.day import TEXTS, Day
from tests.journeys.waiting import until

STAFF = {
    "clerk": "clerk-lin",
    "health": "reviewer-he",
    "education": "officer-wen",
    "grid": "grid-ou",
    "official": "official-jiang",
}
"""Who of the staff does what; their sentences stand in the provider's `staff.yaml`."""


@cache
def _texts() -> Texts:
    return texts_of_all()


@dataclass
class Actor:
    """One person at a browser of their own."""

    visitor: Visitor
    language: Language
    pressed: int = 0
    """Buttons and links pressed, fields filled in."""

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.visitor.page

    @property
    def path(self) -> str:
        """Where they are, without what follows a question mark."""
        return self.page.url.removeprefix(self.visitor.url).partition("?")[0]

    def t(self, key: str, **params: object) -> str:
        """Return a text of the portal, as this person reads it."""
        return _texts().say(self.language, key, **params)

    async def press(self, key: str, **params: object) -> None:
        """Press the button of a name; some links look like one and say that they are."""
        self.pressed += 1
        await self.page.get_by_role("button", name=self.t(key, **params), exact=True).click()

    async def follow(self, name: str, *, within: str = "main", exact: bool = False) -> None:
        """Follow the first link of a name."""
        self.pressed += 1
        await self.page.locator(within).get_by_role("link", name=name, exact=exact).first.click()

    async def press_when_there(self, key: str) -> None:
        """Wait for a link that looks like a button, which comes by itself, and press it."""
        link = self.page.get_by_role("button", name=self.t(key), exact=True)
        await expect(link).to_be_visible()
        await self.press(key)

    async def fill(self, field_id: str, text: str) -> None:
        """Fill in a field."""
        self.pressed += 1
        await self.page.fill(f"[id='{field_id}']", text)

    async def told(self, key: str, **params: object) -> None:
        """Wait for what the page says."""
        await expect(self.page.get_by_text(self.t(key, **params)).first).to_be_visible()

    async def found(self, where: Locator, what: str) -> None:
        """Reload until something is there, as one does who waits for news that has not arrived everywhere."""

        async def look() -> int:
            await self.page.reload()
            return await where.count()

        if not await where.count():
            await until(look, bool, what=what)

    async def answer(self, answers: Mapping[str, str]) -> None:
        """Answer question after question, until what government holds is shown."""
        while "/questions/" in self.page.url:
            key = self.path.split("/questions/")[1]
            await self.fill(key, answers[key])
            await self.press("frame.continue")
            await self.page.wait_for_load_state()


@dataclass
class ClickedDay(Day):
    """One run of the day by clicking."""

    visitors: Visitors = field(kw_only=True)
    pictures: list[str] = field(default_factory=list, kw_only=True)
    by_number: dict[str, Actor] = field(default_factory=dict, kw_only=True)

    async def staff_at(
        self, subject: str, size: ViewportSize, *, then: str = "", through: Network | None = None
    ) -> Actor:
        """Have somebody on duty sign in."""
        actor = await self.arrive(size, through)
        await actor.visitor.sign_in(subject=subject, then=then)
        return actor

    async def phone_of(self, person: SyntheticPerson, *, then: str = "") -> Actor:
        """Return the phone of a resident, who signs in on it the first time."""
        if person.number not in self.by_number:
            actor = self.by_number[person.number] = await self.arrive(PHONE)
            await actor.visitor.sign_in(number=person.number, then=then)
        elif then:
            await self.by_number[person.number].visitor.go(then)
        return self.by_number[person.number]

    async def picture_everybody(self) -> None:
        """Keep what everybody sees, when something went wrong."""
        for number, visitor in enumerate(self.visitors.met, 1):
            await visitor.picture(f"{len(self.pictures) + 1:02}-failed-{number}")

    async def arrive(self, size: ViewportSize, through: Network | None = None) -> Actor:
        """Open a browser."""
        visitor = await self.visitors.come(language=self.language, size=size, through=through)
        return Actor(visitor, self.language)

    async def show(self, actor: Actor, picture: str, key: str, **params: object) -> None:
        """Tell what has happened, with a picture of what this person sees."""
        name = f"{len(self.pictures) + 1:02}-{picture}"
        self.pictures.append(name)
        await actor.visitor.picture(name)
        self.say("clicked.line", text=TEXTS.say(self.language, f"clicked.{key}", **params), picture=f"{name}.png")
