"""A large scan over a bad line: how far it is, a lost line, a pause, a reload; and the camera's next page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from io import BytesIO
from random import Random

from PIL import Image
from playwright.async_api import FilePayload, Route, expect

from tests.browser.test_resident import arrive, picture
from tests.browser.visitor import Visitor, Visitors, inspect
from tests.end_to_end.town import Town

SIZE = 3_000_000


@dataclass
class BadLine:
    """The way of the pieces: the second one is lost, the fourth one takes until it is let through."""

    offsets: list[int] = field(default_factory=list)
    let_through: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, route: Route) -> None:
        """Carry a request, or lose it."""
        if route.request.method == "PATCH":
            self.offsets.append(int(route.request.headers["upload-offset"]))
            if len(self.offsets) == 2:
                await route.abort("aborted")
                return
            if len(self.offsets) == 4:
                await self.let_through.wait()
        await route.continue_()


async def _at_a_document(town: Town, visitors: Visitors) -> Visitor:
    made = town.meet("newcomers")
    await arrive(town, made)
    visitor = await visitors.come()
    await visitor.sign_in(number=made.head.number)
    await visitor.go("/items/residence-permit")
    await visitor.page.get_by_role("button", name="开始办理").click()
    draft = visitor.page.url.split("/questions")[0].split("/evidence")[0].removeprefix(visitor.url)
    await visitor.go(f"{draft}/documents/housing")
    return visitor


def _photograph() -> FilePayload:
    """Take a large photograph: noise can't be packed."""
    side, taken = int((SIZE / 1.15) ** 0.5), BytesIO()
    noise = Random(20261130).randbytes(side * side * 3)
    Image.frombytes("RGB", (side, side), noise).save(taken, "JPEG", quality=95)
    return FilePayload(name="房产证.jpg", mimeType="image/jpeg", buffer=taken.getvalue())


async def test_a_large_scan_survives_a_lost_line_and_a_reload_and_a_page_is_photographed(
    town: Town, visitors: Visitors
) -> None:
    visitor = await _at_a_document(town, visitors)
    page, line, photograph = visitor.page, BadLine(), _photograph()
    await page.route("**/uploads/*", line.carry)
    await page.set_input_files("#file", [photograph])
    await page.get_by_role("button", name="上传", exact=True).click()
    await expect(page.get_by_role("status")).to_have_text("网络中断，恢复后会自动接着上传")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await page.wait_for_function("() => document.querySelector('progress').value > 20")
    await page.get_by_role("button", name="暂停").click()
    await expect(page.get_by_role("status")).to_have_text("已暂停，已上传的部分不会丢失")
    await expect(page.get_by_role("button", name="继续上传")).to_be_focused()
    assert await inspect(page, phone=True) == []  # before a picture, which leaves traces in the markup
    await visitor.picture("upload-paused")
    async with page.expect_response("**/uploads/*"):
        line.let_through.set()

    await page.reload()
    await expect(page.get_by_text("房产证.jpg：已收到")).to_be_visible()
    assert await inspect(page, phone=True) == []
    await visitor.picture("upload-unfinished")
    before = len(line.offsets)
    await page.set_input_files("#file", [photograph])
    await page.get_by_role("button", name="上传", exact=True).click()
    await page.wait_for_url("**done=handed-in**")
    await expect(page.locator("main .y-card")).to_have_count(1)
    assert line.offsets[before] > line.offsets[3]  # it went on, and did not begin again
    assert line.offsets[2] == line.offsets[1]

    one = FilePayload(name="1.png", mimeType="image/png", buffer=picture())
    async with page.expect_navigation():
        await page.set_input_files("#photo", [one])  # handed in at once
    await expect(page.locator("main .y-card")).to_have_count(2)
    await visitor.picture("upload-done")
    visitor.faults[:] = [each for each in visitor.faults if "ERR_ABORTED" not in each]
