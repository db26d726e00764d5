"""The doors on a phone over the whole system: with a network and no script, and a day without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import BrowserContext, FilePayload, Page, expect

from synthetic import records
from synthetic.caller import Caller
from tests.browser.network import network
from tests.browser.visitor import Visitor, Visitors, inspect, kept_browser, survey
from tests.end_to_end.town import Town
from tests.journeys import desk, portal
from tests.journeys.waiting import until

PERMIT = "residence-permit"
MINLE = "440309002002"
NOTE = "门牌已换，住在三楼东侧"

_KEPT = """async () => {
  const bytes = (value) => String.fromCharCode(...new Uint8Array(value).slice(0, 90000));
  const text = (value) => value instanceof ArrayBuffer ? bytes(value)
    : value && typeof value === "object" ? Object.values(value).map(text).join() : String(value);
  let all = JSON.stringify({...localStorage, ...sessionStorage});
  for (const {name} of await indexedDB.databases()) {
    const db = await idb.openDB(name);
    for (const store of db.objectStoreNames) all += text(await db.getAll(store));
    db.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const key of await cache.keys()) all += key.url + await (await cache.match(key)).text();
  }
  return all;
}"""
_COUNT = """async (store) => {
  const db = await idb.openDB("yizheng-doors");
  const found = await db.count(store);
  db.close();
  return found;
}"""


@dataclass(frozen=True)
class Door:
    """A door that waits for an officer: whose, where, and the task."""

    resident: Caller
    address: str
    name: str
    task: str


async def wait_for(town: Town) -> Door:
    """Have a newcomer of Minle apply for a permit for which everything is held, so that only the door is looked at."""
    made = town.meet("newcomers")
    while made.home.community != MINLE:
        made = town.meet("newcomers")
    head = await town.welcome(made)
    held = (
        records.portrait_photo(made.head, town.today),
        records.property_certificate(made.head, made.property_number, made.home.address),
        records.social_insurance_record(made.head, 24),
    )
    await town.tell(*(replace(each, record_id=f"{each.document_type}-{made.head.number[-8:]}") for each in held))
    await until(lambda: portal.explain(head, PERMIT), lambda it: not it.bring, what="everything is held")
    application = await portal.draft(head, PERMIT, {"address": made.home.address})
    await portal.submit(head, application)
    queue = await until(
        lambda: desk.queue(officer(town), application_id=application), lambda it: bool(it.items), what="the door"
    )
    return Door(head, made.home.address, made.head.name, queue.items[0].task_id)


def officer(town: Town, subject: str = "grid-ou") -> Caller:
    return town.worker("grid-officer", subject, community=MINLE)


def picture() -> FilePayload:
    drawn = BytesIO()
    Image.new("RGB", (3000, 200), "teal").save(drawn, "PNG")
    return FilePayload(name="door.png", mimeType="image/png", buffer=drawn.getvalue())


async def ready(phone: BrowserContext, visitors: Visitors, doors: Sequence[Door], town: Town) -> Page:
    """Sign in, have doors in hand, and wait until the phone has kept them."""
    for door in doors:
        await desk.claim(officer(town), door.task)
    page = await phone.new_page()
    await Visitor(page, visitors.url).sign_in(subject="grid-ou", then="/doors/")
    await expect(page.locator("[data-says=ready]")).to_be_visible()
    return page


async def kept(page: Page) -> str:
    """Return everything that the browser keeps for the portal, as far as it can be read without a key."""
    return str(await page.evaluate(_KEPT))


async def count(page: Page, store: str) -> int:
    """Count what the phone keeps of one kind."""
    return int(await page.evaluate(_COUNT, store))


async def test_with_a_network_no_script_is_needed(town: Town, visitors: Visitors) -> None:
    door = await wait_for(town)
    visitor = await visitors.come(scripts=False)
    page = visitor.page
    await visitor.sign_in(subject="grid-ou")
    assert page.url == f"{visitor.url}/doors/"
    await page.get_by_role("button", name="领取十户").click()
    await page.get_by_role("link", name=door.address, exact=True).click()
    await page.get_by_text("提供可选时间").first.click()
    await page.fill("#date-1", "2020-01-01")
    await page.fill("#begins-1", "14:00")
    await page.fill("#ends-1", "16:00")
    await page.get_by_role("button", name="提供可选时间").click()
    await expect(page.locator("#date-1-error")).to_be_visible()
    looker = await visitors.come()
    await looker.sign_in(subject="grid-ou", then="/doors/")
    await expect(looker.page.locator("[data-says=ready]")).to_be_visible()
    assert await survey(looker, ["/doors/", f"/doors/tasks/{door.task}"]) == {}
    await page.get_by_label("本人在此居住").check()
    await page.set_input_files("#photographs", [picture(), picture()])
    await page.get_by_role("button", name="提交记录").click()
    await expect(page.get_by_text("已记录：住址属实。")).to_be_visible()
    done = await desk.read(officer(town), door.task)
    assert done.status.code == "approved"


async def test_a_day_without_a_network_is_sent_once_when_it_is_back(
    town: Town, visitors: Visitors, tmp_path: Path
) -> None:
    door = await wait_for(town)
    async with network() as through, kept_browser(tmp_path, visitors.url, through) as phone:
        page = await ready(phone, visitors, [door], town)
        await visitors.of(page).picture("doors-today")
        await through.cut(phone)
        await page.get_by_role("link", name=door.address, exact=True).click()
        await expect(page.locator("[data-says=offline]")).to_be_visible()
        await page.fill("#note", NOTE)
        await page.set_input_files("#photographs", [picture()])
        await expect(page.locator("[data-taken] li")).to_have_count(1)
        assert await inspect(page, phone=True) == []
        await visitors.of(page).picture("doors-offline")

    async with network() as through, kept_browser(tmp_path, visitors.url, through) as phone:  # it was off meanwhile
        page = await phone.new_page()
        await through.cut(phone)
        visitor = visitors.of(page)
        await page.goto(f"/doors/tasks/{door.task}")
        await expect(page.locator("#note")).to_have_value(NOTE)
        await expect(page.locator("[data-taken] li")).to_have_count(1)
        await page.get_by_role("button", name="提交记录").click()
        await expect(page.locator("[data-fault=result]")).to_be_visible()
        await page.get_by_label("本人在此居住").check()
        await page.get_by_role("button", name="提交记录").click()
        await expect(page.locator("[data-entries] li")).to_have_count(1)
        assert await inspect(page, phone=True) == []
        await visitor.picture("doors-waiting")
        everything = await kept(page)
        assert "/doors/offline" in everything
        for clear in (door.address, door.name, NOTE, door.task):
            assert clear not in everything

        await through.mend()  # its session went with the browser
        await expect(page.locator("[data-says=sign-in]")).to_be_visible()
        await visitor.sign_in(subject="grid-ou", then="/doors/")
        await expect(page.locator("[data-says=sent]")).to_be_visible()
        seen = await officer(town).send("GET", f"/v1/tasks/{door.task}")
        assert (seen.json()["status"]["code"], len(seen.json()["photographs"])) == ("approved", 1)
        assert [await count(page, store) for store in ("entries", "pictures")] == [0, 0]
        await visitor.go("/doors/")
        await expect(page.get_by_role("link", name=door.address, exact=True)).to_have_count(0)
