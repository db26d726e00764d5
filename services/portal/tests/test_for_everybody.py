"""Every page in a real browser, with axe, in both languages, light and dark, on a phone, at a desk and zoomed."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chrome
from playwright.async_api import Page, Route

from local_stack.keys import ensure_keys
from portal.frame.assets import FILES, ROOT
from services.portal.tests import district
from services.portal.tests.district import APP, APPLICATION, GRANTED
from services.portal.tests.office import PAGES as OFFICE_PAGES
from services.portal.tests.office import answers as office_answers
from services.portal.tests.stage import HOME, Browser, Stage
from services.portal.tests.test_resident_pages import PAGES
from services.portal.tests.test_terminal import PAGES as TERMINAL_PAGES
from services.portal.tests.test_terminal import TIMED, Kiosk
from services.portal.tests.test_window_visits import STANDING, VISIT
from tests.browser.visitor import PHONE, bring_axe, chromium, looked_at

SKIPPED = {"/my/applications/app_1/progress"}
"""Parts of pages, not pages."""
pytestmark = pytest.mark.asyncio(loop_scope="module")
STATES = ("in-progress", "returned", "approved", "rejected")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome() -> AsyncIterator[Chrome]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def page(chrome: Chrome) -> AsyncIterator[Page]:
    context = await chrome.new_context(ignore_https_errors=True, viewport=PHONE)
    opened = await context.new_page()
    await bring_axe(opened)
    yield opened
    await context.close()


async def serve(page: Page, browser: Browser) -> None:
    """Let the browser's requests be answered in this process, as whoever is signed in there."""

    async def answer(route: Route) -> None:
        if not route.request.url.startswith(HOME):  # the card reader on this machine: a card lies there
            await route.fulfill(headers={"Access-Control-Allow-Origin": HOME})
            return
        path = route.request.url.removeprefix(HOME)
        if path.startswith(ROOT):
            kind = mimetypes.guess_type(path)[0] or "text/plain"
            await route.fulfill(body=(FILES / path.removeprefix(f"{ROOT}/")).read_bytes(), content_type=kind)
            return
        found = await browser.go(path)  # where it leads, too: what a redirect asks for is not answered here
        kept = {name: value for name, value in found.headers.items() if name != "set-cookie"}
        await route.fulfill(status=found.status_code, headers=kept, body=found.content)

    await page.route("**/*", answer)


async def survey(page: Page, paths: list[str], language: str = "zh-CN") -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    for path in paths:
        await page.set_viewport_size(PHONE)
        await page.goto(f"{HOME}{path}")
        if found := await looked_at(page, language):
            wrong[path] = found
    return wrong


def longest() -> dict[str, Any]:
    """Return the answers with a name of fifty characters, a number of fifty and addresses of two hundred."""
    told = json.dumps(district.answers(), ensure_ascii=False)
    for evil, long in ((district.EVIL, "阿依古丽·" * 10), ("身份证", "N" * 50)):
        told = told.replace(json.dumps(evil, ensure_ascii=False)[1:-1], long)
    return cast("dict[str, Any]", json.loads(told.replace('"address": "', f'"address": "{"广东省深圳市" * 30}')))


@pytest.mark.parametrize(("language", "answers"), [("zh-CN", district.answers), ("en", longest)])
async def test_everybody_can_use_the_residents_pages_whatever_their_name(
    stage: Stage, page: Page, language: str, answers: Callable[[], dict[str, Any]]
) -> None:
    stage.gateway.answers |= answers()
    browser = stage.browser(language)
    await browser.sign_in("res_ann")
    await serve(page, browser)

    assert await survey(page, [each for each in PAGES if each not in SKIPPED], language) == {}
    for state in STATES:
        stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": state, "granted": GRANTED}
        assert await survey(page, ["/my/applications/app_1"], language) == {}, state


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_everybody_can_use_the_offices_pages(stage: Stage, page: Page, language: str) -> None:
    stage.gateway.answers |= office_answers()
    browser = stage.browser(language)
    await browser.sign_in("official-jiang")
    await serve(page, browser)

    assert await survey(page, ["/office/", "/office/reviews", *OFFICE_PAGES], language) == {}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_everybody_can_use_the_halls_lists(stage: Stage, page: Page, language: str) -> None:
    share = {"of": 20, "share": 0.75, "share_text": "75%"}
    figures = {"item": None, "cases": 20, "without_people": share, "satisfied": share, "promise_kept": share}
    months = {"month": "2026-11", "first": "2026-11-01", "last": "2026-11-22", "total": figures, "items": []}
    notice = {"applicant": "张*", "number": "2***1", "outcome_name": "予以办理", "decided_on": "2026-11-22"}
    head = {"number": 4711, "hash": "c0ffee00" * 8, "published_at": "2026-11-22T06:31:00Z", "signed": "x"}
    stage.gateway.answers |= {
        "GET /v1/statistics/open": months,
        "GET /v1/notices": {"items": [notice] * 3, "next": "more"},
        "GET /v1/record-heads": {"items": [head] * 2, "next": "more"},
    }
    browser = stage.browser(language)
    await serve(page, browser)

    assert await survey(page, ["/hall/notices", "/hall/record"], language) == {}
    assert "2026-10" in (await browser.go("/hall/notices")).text


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_everybody_can_use_what_a_clerk_shows_the_person_who_stands_there(
    stage: Stage, page: Page, language: str
) -> None:
    stage.gateway.answers |= {**district.answers(), "GET /v1/presences/prs_1": STANDING}
    browser = stage.browser(language)
    await browser.sign_in("clerk-lin")
    await serve(page, browser)

    drafted = ("/window/visits", VISIT, f"{VISIT}/items?q=x", f"{VISIT}/items/residence-permit?ward=res_child")
    assert await survey(page, [*drafted, f"{VISIT}/applications/app_1/check"], language) == {}
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "in-progress"}
    assert await survey(page, [f"{VISIT}/applications/app_1"], language) == {}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_everybody_can_use_the_terminal(stage: Stage, page: Page, tmp_path: Path, language: str) -> None:
    stage.gateway.answers |= {**district.answers(), "GET /v1/presences/prs_1": TIMED, "POST /v1/presences": TIMED}
    ensure_keys(tmp_path / "terminal")
    kiosk = Kiosk(stage, tmp_path / "terminal", language)
    await serve(page, kiosk.browser)
    assert await survey(page, ["/terminal/"], language) == {}
    await kiosk.put()
    assert await survey(page, TERMINAL_PAGES, language) == {}
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "returned"}
    assert await survey(page, ["/terminal/applications/app_1"], language) == {}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_everybody_can_use_what_a_stranger_sees(stage: Stage, page: Page, language: str) -> None:
    stage.gateway.answers |= district.answers()
    await serve(page, stage.browser(language))

    assert await survey(page, ["/", "/items", "/items?q=x", "/signed-out"], language) == {}


async def test_everybody_can_read_what_went_wrong(stage: Stage, page: Page) -> None:
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.sign_in("res_ann")
    await serve(page, browser)
    stage.gateway.answers |= {"GET /v1/items": 503, "GET /v1/accesses": 403, "GET /v1/confirmations": 502}

    assert await survey(page, ["/items", "/my/accesses", "/my/nothing", "/"]) == {}


async def test_everybody_can_use_the_view_for_elders(stage: Stage, page: Page) -> None:
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.sign_in("res_ann")
    await browser.send("/settings", view="elder")
    await serve(page, browser)

    assert await survey(page, ["/", "/my/applications/app_1/check", "/items/residence-permit"]) == {}
