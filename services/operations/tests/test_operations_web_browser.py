"""The operators' pages in a real browser: the way from a failure to its repair, and how every page of it looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from services.operations.tests.stage import ANN, BEN, CASE, DOCUMENT, Stage
from testkit.patience import PATIENCE
from tests.browser.visitor import chromium

DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
ZONE = "Asia/Shanghai"
WIDER = "[document.documentElement, ...document.querySelectorAll('.in')].some(it => it.scrollWidth > it.clientWidth)"


@dataclass
class Walk:
    """One operator's browser; every page that it stops at is tried on a phone and remembered."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    visited: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, token: str) -> None:
        await self.page.goto(f"{self.url}/operations/")
        await self.page.fill("#token", token)
        await self.stop("sign-in")
        await self.page.click(".alone .button.do")
        await expect(self.page.locator(".nav")).to_be_visible()

    async def stop(self, name: str) -> None:
        await self.on_a_phone(name)
        self.visited[name] = self.page.url

    async def on_a_phone(self, name: str) -> None:
        """Require that nothing is wider than a phone or its frame."""
        await self.page.set_viewport_size(PHONE)
        assert not await self.page.evaluate(WIDER), f"{name} is wider than a phone"
        await self.page.set_viewport_size(DESKTOP)


@asynccontextmanager
async def browsing(playwright_browser: Browser, stage: Stage, locale: str = "zh-CN") -> AsyncIterator[Walk]:
    context = await playwright_browser.new_context(viewport=DESKTOP, locale=locale, timezone_id=ZONE)
    page = await context.new_page()
    walk = Walk(page, stage.url)

    def told(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            walk.faults.append(message.text)

    page.on("console", told)
    page.on("pageerror", lambda error: walk.faults.append(str(error)))
    page.set_default_timeout(PATIENCE * 1000)
    yield walk
    await context.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def a_bad_day(stage: Stage) -> tuple[str, str, str]:
    """Have the matcher fail in several ways; return the failures to edit, to look at and to replay in vain."""
    submitted = await stage.publish("applications.application-submitted.v1")
    other = [await stage.publish(DOCUMENT, case=f"app_01kb2n0q8r7s6t5v4w3x2y1z{number:02}") for number in range(14)]
    failing = await stage.publish(DOCUMENT, cause=submitted)
    broken = await stage.publish(DOCUMENT, cause=submitted, attempt="two", requirement="vaccination-record")
    await stage.publish_raw(b'{"specversion": "1.0", "id": "', DOCUMENT)
    await stage.failure("not-json")
    return (
        await stage.failure("wrong-schema", broken),
        await stage.failure("handler-failed", failing),
        await stage.failure("handler-failed", other[0]),
    )


async def test_two_operators_repair_a_bad_day_by_mouse_by_keyboard_and_without_scripts(
    stage: Stage, browser: Browser
) -> None:
    to_edit, to_look_at, to_replay = await a_bad_day(stage)
    await without_scripts(browser, stage, to_replay)
    async with browsing(browser, stage) as ann, browsing(browser, stage) as ben:
        await ann.sign_in(stage.token(ANN))
        await ann.stop("groups")
        await by_keyboard(browser, ann.page.context, f"{stage.url}/operations/failures/{to_look_at}")
        await find_and_look(ann, to_look_at)
        await edit(ann, to_edit)
        await ben.sign_in(stage.token(BEN))
        stage.matcher.is_broken = False
        await approve(ben)
        await replay(ann, to_look_at)
        await read_up(ann)
        assert not ann.faults + ben.faults
        assert len(stage.matcher.matched) == len(set(stage.matcher.matched)) == 16
        await in_the_dark(browser, ann.page.context, {**ben.visited, **ann.visited})


async def find_and_look(walk: Walk, failure: str) -> None:
    page = walk.page
    await page.click("td.main a >> nth=0")
    await page.fill("#note", "规则库 11 月 23 日发布后缺少出生医学证明的比对规则，已通知规则组。\n工单 INC-4711")
    await page.get_by_role("button", name="添加备注").click()
    await expect(page.get_by_role("status")).to_contain_text("已添加备注")
    await walk.stop("group")
    await page.goto(f"{walk.url}/operations/search?text=birth-certificate&service=matcher&state=open")
    await walk.stop("search")
    await page.goto(f"{walk.url}/operations/failures/{failure}")
    await expect(page.locator("mark").first).to_have_text("•••")
    await walk.stop("failure")
    await page.click("summary:has-text('查看个人信息')")
    await page.fill("#disclose-reason", "INC-4711：核对申请人填写的证件号码")
    await page.get_by_role("button", name="显示明文").click()
    await expect(page.locator("mark.shown").first).to_be_visible()
    await walk.on_a_phone("failure-in-clear")


async def edit(walk: Walk, failure: str) -> None:
    page = walk.page
    await page.goto(f"{walk.url}/operations/failures/{failure}")
    await walk.stop("failure-of-schema")
    await page.click("a:has-text('修改后重放')")
    await page.get_by_role("button", name="检查并预览改动").click()
    await expect(page.get_by_role("alert")).to_contain_text("/data/documents/0/attempt")
    await walk.on_a_phone("editor-refused")
    content = await page.input_value("#content")
    assert "李小龙" not in content
    await page.fill("#content", content.replace('"two"', "2"))
    await page.get_by_role("button", name="检查并预览改动").click()
    await expect(page.locator(".diff .added", has_text='"attempt": 2')).to_be_visible()
    await walk.on_a_phone("editor-changes")
    await page.fill("#reason", "INC-4712：旧版窗口程序把次数写成了文字")
    await page.get_by_role("button", name="提交给第二位运维人员").click()
    await expect(page.get_by_role("status")).to_contain_text("已提交")
    await walk.stop("edit-own")


async def approve(walk: Walk) -> None:
    page = walk.page
    await page.click(".nav >> text=修改")
    await walk.stop("edits")
    await page.click("td.main a >> nth=0")
    await walk.stop("edit")
    await page.get_by_role("button", name="批准并发送").click()
    await expect(page.locator("[data-part] [data-state=done]")).to_be_visible()
    await walk.stop("replay-of-edit")


async def replay(walk: Walk, failure: str) -> None:
    page = walk.page
    await page.goto(f"{walk.url}/operations/failures/{failure}")
    await page.click(".crumbs >> text=分组")
    await page.check("input[name=which][value=all]")
    await page.fill("#selection-reason", "INC-4711：比对规则已补充")
    await page.get_by_role("button", name="准备重放").click()
    await walk.stop("replay-prepared")
    await page.get_by_role("button", name="开始重放").click()
    await expect(page.locator("[data-part]")).to_be_visible()
    await walk.on_a_phone("replay-running")
    await expect(page.locator("[data-part] [data-state=done]")).to_be_visible(timeout=PATIENCE * 1000)
    await expect(page.locator(".legend [data-fate=handled] dd")).to_have_text("15")
    await walk.stop("replay-done")
    await page.click(".nav >> text=重放")
    await walk.stop("replays")
    await page.click("text=重新投递")
    await walk.stop("redelivery")


async def read_up(walk: Walk) -> None:
    page = walk.page
    await page.click(".nav >> text=轨迹")
    await walk.stop("trails")
    await page.fill("#case", CASE)
    await page.press("#case", "Enter")
    await expect(page.locator(".diagram img")).to_be_visible()
    width = await page.locator(".diagram img").evaluate("image => image.complete && image.naturalWidth")
    assert width > 0
    await walk.stop("trail")
    await page.click(".nav >> text=审计")
    await expect(page.locator(".tag.good")).to_be_visible()
    await walk.stop("audit")
    await page.goto(f"{walk.url}/operations/nowhere")
    await walk.on_a_phone("problem")


async def in_the_dark(browser: Browser, signed_in: BrowserContext, visited: dict[str, str]) -> None:
    """Open the same pages in English and in the dark: nothing is wider than the screen or its frame."""
    context = await browser.new_context(
        storage_state=await signed_in.storage_state(),
        timezone_id=ZONE,
        viewport=DESKTOP,
        locale="en",
        color_scheme="dark",
    )
    page = await context.new_page()
    for name, url in visited.items():
        await page.goto(url)
        assert not await page.evaluate(WIDER), f"{name} is too wide in English"
    await context.close()


async def without_scripts(browser: Browser, stage: Stage, failure: str) -> None:
    """Replay what fails again: the pages work and renew themselves."""
    context = await browser.new_context(java_script_enabled=False, locale="en")
    page = await context.new_page()
    await page.goto(f"{stage.url}/operations/failures/{failure}")
    await page.fill("#token", stage.token())
    await page.click(".alone .button.do")
    await page.fill("#replay-reason", "INC-1")
    await page.get_by_role("button", name="Prepare replay").click()
    await page.get_by_role("button", name="Start replay").click()
    await expect(page.get_by_text("Done, but 1 failed again")).to_be_visible(timeout=PATIENCE * 1000)
    await context.close()


async def by_keyboard(browser: Browser, signed_in: BrowserContext, url: str) -> None:
    """Require that everything on a failure's page can be reached by keyboard."""
    context = await browser.new_context(storage_state=await signed_in.storage_state(), locale="en")
    page = await context.new_page()
    await page.goto(url)
    reached = set()
    for _ in range(40):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.innerText || document.activeElement.id || ''"))
    assert {"To the content", "Audit", "replay-reason", "Prepare replay", "Show personal data"} <= reached
    assert page.url == url
    await context.close()
