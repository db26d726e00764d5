"""Somebody with a browser at the portal, and what is asked of every page that they see."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    async_playwright,
    expect,
)

from local_stack.layout import ROOT
from testkit.patience import PATIENCE
from tests.browser.network import Network

SCREENS = ROOT / "build" / "screens"
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
ZOOMED = ViewportSize(width=640, height=400)
"""What is left of a desk's window at 200 %."""
LANGUAGES = ("zh-CN", "en")

_AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
_FAULT = 500
_OFFLINE = "ERR_INTERNET_DISCONNECTED"
_LET_IN = ["--no-sandbox", "--ignore-certificate-errors", "--js-flags=--no-opt,--no-maglev"]
"""The machine's own authority is accepted, for a service worker too; no page is open for so long that scripts which are
compiled a second time, to run faster, would pay."""
_WATCHED = 400.0
"""Milliseconds between clicks in a window that people watch."""
ALL_RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONTRAST: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""All that differs between light and dark."""
WORDS: dict[str, Any] = {**ALL_RULES, "rules": {"color-contrast": {"enabled": False}}}
"""All that may differ between languages: they have the same colours."""
_RUN_AXE = "options => axe.run(document, {...options, resultTypes: ['violations']}).then(found => found.violations)"
"""What passes is not gathered and told: that took as long as to look."""
_TOO_SMALL = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
  .filter(it => it.checkVisibility() && !it.closest('p, .govuk-hint, .govuk-error-summary'))
  .filter(it => !it.matches('.govuk-skip-link'))
  .map(it => [it, (it.matches('[type=radio], [type=checkbox]') ? it.parentElement : it).getBoundingClientRect()])
  .filter(([, box]) => box.height < LEAST || box.width < 24)
  .map(([it, box]) => `${it.outerHTML.slice(0, 120)} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_STRANGE = "[...document.querySelectorAll('[style], style, script:not([src])')].map(it => it.outerHTML.slice(0, 120))"


@dataclass
class Visitor:
    """One person's browser. `faults` are what the browser complained about."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    has_pictures: bool = True

    async def go(self, path: str) -> Response | None:
        """Go to a page."""
        return await self.page.goto(f"{self.url}{path}")

    async def sign_in(self, *, subject: str = "", number: str = "", then: str = "") -> None:
        """Sign in at the provider: as somebody of the staff, or as the resident with a number."""
        await self.go(f"/sign-in?next={then}" if then else "/sign-in")
        if number:
            await self.page.fill("#number", number)
            await self.page.click(".number button")
        else:
            await self.page.click(f"button[value='{subject}']")
        await self.page.wait_for_url(f"{self.url}/**")

    async def sign_out(self) -> None:
        """Sign out, here and at the provider."""
        await self.page.click("form[action='/sign-out'] button")
        await self.page.wait_for_url(f"{self.url}/signed-out")

    async def picture(self, name: str) -> None:
        """Keep what is seen under `build/screens/`, where pictures are wanted: each takes its time."""
        if self.has_pictures:
            await self.page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


@dataclass
class Visitors:
    """All browsers of a test."""

    browser: Browser
    url: str
    has_pictures: bool = True
    met: list[Visitor] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    async def come(
        self,
        *,
        language: str = "zh-CN",
        scheme: Literal["light", "dark"] = "light",
        size: ViewportSize = PHONE,
        scripts: bool = True,
        through: Network | None = None,
    ) -> Visitor:
        """Have somebody come with a browser of their own, whose network may be one that can be cut."""
        context = await self.browser.new_context(
            viewport=size,
            locale=language,
            color_scheme=scheme,
            java_script_enabled=scripts,
            ignore_https_errors=True,  # its authority is this machine's own; who vouches for it is tested elsewhere
            timezone_id="America/Lima",  # whatever the browser believes, times are Shenzhen's
            proxy=through.proxy if through else None,
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        visitor = self.of(page)
        page.on("console", lambda message: _complaint(visitor, message))
        page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        page.on("requestfailed", lambda request: _failed(visitor, request))
        self.met.append(visitor)
        self.contexts.append(context)
        return visitor

    def of(self, page: Page) -> Visitor:
        """Return who looks at a page."""
        return Visitor(page, self.url, has_pictures=self.has_pictures)

    async def leave(self) -> list[str]:
        """Close all browsers; return what they complained about."""
        for context in self.contexts:
            await context.close()
        return [fault for visitor in self.met for fault in visitor.faults]


expect.set_options(timeout=PATIENCE * 1000)  # five seconds are not enough where there is something else to do


@asynccontextmanager
async def chromium(*, shown: bool = False) -> AsyncIterator[Browser]:
    """Start Debian's browser; `shown` opens windows and clicks slowly enough to be watched."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(shown=shown), args=_LET_IN, headless=not shown, slow_mo=_WATCHED if shown else 0
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def kept_browser(folder: Path, url: str, through: Network) -> AsyncIterator[BrowserContext]:
    """Start a phone's browser that keeps in `folder` what it is told to keep, also when it is started again."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=executable(),
            args=_LET_IN,
            proxy=through.proxy,
            viewport=PHONE,
            locale="zh-CN",
            ignore_https_errors=True,
            base_url=url,
        )
        context.set_default_timeout(PATIENCE * 1000)
        yield context
        await context.close()


def executable(*, shown: bool = False) -> str:
    """Return the browser to run; for no window the one that knows none, where it is there: it costs a third less."""
    names = ("chromium", "chromium-browser") if shown else ("chromium-headless-shell", "chromium", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), "/usr/bin/chromium")


def _complaint(visitor: Visitor, message: ConsoleMessage) -> None:
    is_answer = "status of 4" in message.text or "status of 5" in message.text
    if message.type in {"error", "warning"} and not is_answer and _OFFLINE not in message.text:
        visitor.faults.append(message.text)


def _failed(visitor: Visitor, request: Request) -> None:
    known = ("ERR_ABORTED", _OFFLINE)  # gone on to another page meanwhile, or without a network on purpose
    if request.failure and not any(each in request.failure for each in known):
        visitor.faults.append(f"{request.url}: {request.failure}")


async def survey(visitor: Visitor, pages: Sequence[str], *, elder: bool = False) -> dict[str, list[str]]:
    """Look at pages in both languages, light and dark, on a phone, at a desk and zoomed; return what is wrong.

    Who is signed in stays so. An empty answer is a good one.
    """
    found: dict[str, list[str]] = {}
    await bring_axe(visitor.page)
    await visitor.page.context.add_cookies([cookie(visitor, "-view", "elder" if elder else "plain")])
    for language, path in product(LANGUAGES, pages):
        await visitor.page.context.add_cookies([cookie(visitor, "-language", language)])
        await visitor.page.set_viewport_size(PHONE)
        answer = await visitor.go(path)
        if answer is None or answer.status >= _FAULT:
            found[path] = ["no page came, but a fault"]
        elif wrong := await looked_at(visitor.page, language):
            found[f"{path} {language}"] = wrong
    return found


async def bring_axe(page: Page) -> None:
    """Have every page that is opened from now on bring axe along: to send it to each page takes its time."""
    await page.context.add_init_script(path=AXE_FILE_PATH)


async def looked_at(page: Page, language: str) -> list[str]:
    """Look at a page that was opened on a phone, then at what depends on the width, at a desk and zoomed.

    Colours, light and dark, are looked at in the first language only.
    """
    has_colours = language == LANGUAGES[0]
    wrong = await inspect(page, phone=True, rules=ALL_RULES if has_colours else WORDS)
    if has_colours:
        await page.emulate_media(color_scheme="dark")
        wrong += [f"dark: {each}" for each in await violations(page, CONTRAST)]
        await page.emulate_media(color_scheme="light")
    for size in (DESK, ZOOMED):
        await page.set_viewport_size(size)
        wrong += [f"{size['width']}: {each}" for each in await inspect(page, phone=False, rules=None)]
    return wrong


async def inspect(page: Page, *, phone: bool, rules: dict[str, Any] | None = ALL_RULES) -> list[str]:
    """Return what is wrong with the page that is shown: axe, sideways scrolling, small targets, style in the markup.

    Without rules axe, which takes its time, is left out.
    """
    wrong = [] if rules is None else await violations(page, rules)
    if await page.evaluate(_WIDER):
        wrong.append("it scrolls sideways")
    wrong += [f"small target: {it}" for it in await page.evaluate(_TOO_SMALL.replace("LEAST", "44" if phone else "24"))]
    wrong += [f"in the markup: {it}" for it in await page.evaluate(_STRANGE)]
    return wrong


async def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Return what axe finds wrong with the page that is shown."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE)
    result: list[dict[str, Any]] = await page.evaluate(_RUN_AXE, rules)
    return [
        f"axe {each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for each in result
        for node in each["nodes"]
    ]


def cookie(visitor: Visitor, name: str, value: str) -> Any:  # noqa: ANN401 - as the browser's driver takes it
    """Make a cookie of the portal's; its name without what all of them begin with."""
    return {"name": f"__Host-yizheng{name}", "value": value, "url": visitor.url, "secure": True, "httpOnly": True}
