"""A phone at the doors in a real browser, over doors that are kept in this process: what is sent, when, and by whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from PIL import Image
from playwright.async_api import BrowserContext, FilePayload, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from local_stack.certificates import ensure_certificate
from portal.frame.assets import FILES
from services.portal.tests.stage import Stage
from services.portal.tests.test_doors import DOORS, ROW, task
from testkit.patience import eventually
from tests.browser.network import Network, network
from tests.browser.visitor import inspect, kept_browser

NOTE = "住在三楼东侧"
_DEED = re.compile(r"/v1/tasks/(?P<task>\w+)/(?P<deed>photographs|approval|rejection|notes)")


@dataclass
class Street:
    """Doors as the interface keeps them: a version after each deed, each number once, nothing on an older version."""

    versions: dict[str, int] = field(default_factory=lambda: {"task_1": 3, "task_2": 3})
    decided: dict[str, str] = field(default_factory=dict)
    deeds: list[tuple[str, str, str]] = field(default_factory=list)
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    """Deeds of which the answer gets lost on its way back, each once."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a call."""
        path = request.url.path
        if path == "/v1/tasks/doors":
            doors = [self._row(each) for each in self.versions if each not in self.decided]
            return httpx2.Response(200, json={**DOORS, "buildings": [{**DOORS["buildings"][0], "doors": doors}]})
        if path == "/v1/tasks/queues":
            return httpx2.Response(200, json={"queues": []})
        if found := _DEED.fullmatch(path):
            return self._done(request, found["task"], found["deed"])
        return httpx2.Response(200, json=self._task(path.split("/")[3]), headers={"ETag": self._etag(path)})

    def _done(self, request: httpx2.Request, id_: str, deed: str) -> httpx2.Response:
        key = (request.url.path, request.headers["idempotency-key"])
        if key not in self.answers:
            if request.headers["if-match"] != f'"{self.versions[id_]}"':
                return _refused(412, "页面已过期")
            if id_ in self.decided:
                return _refused(409, "任务已办结")
            self.versions[id_] += 1
            self.deeds.append((id_, deed, request.content.decode("utf-8", "replace")))
            if deed in {"approval", "rejection"}:
                self.decided[id_] = deed
            self.answers[key] = self._task(id_)
        if deed in self.lost:
            self.lost.remove(deed)
            raise httpx2.ReadError("lost", request=request)
        return httpx2.Response(200, json=self.answers[key])

    def _etag(self, path: str) -> str:
        return f'"{self.versions[path.split("/")[3]]}"'

    def _row(self, id_: str) -> dict[str, Any]:
        return {**ROW, "task_id": id_, "version": self.versions[id_], "address": f"民乐新村{id_}", "visit": None}

    def _task(self, id_: str) -> dict[str, Any]:
        status = {"code": self.decided.get(id_, "claimed"), "name": "状态"}
        door = {"applicant_name": "李", "address": f"民乐新村{id_}"}
        found = task(task_id=id_, version=self.versions[id_], status=status, door=door, photographs=[], visit=None)
        return found | ({"claimed_by": None} if id_ in self.decided else {})


def _refused(status: int, title: str) -> httpx2.Response:
    return httpx2.Response(status, json={"status": status, "code": "x", "title": title})


@dataclass
class Phone:
    """A phone at the portal, and what the portal's doors are."""

    context: BrowserContext
    home: str
    stage: Stage
    street: Street
    network: Network

    async def cut(self) -> None:
        """Be without a network."""
        await self.network.cut(self.context)

    async def mend(self) -> None:
        """Have one again."""
        await self.network.mend()

    async def sign_in(self, subject: str) -> Page:
        """Sign in somebody and open the doors; the phone has kept them then."""
        await self.context.clear_cookies()
        browser = self.stage.browser()
        await browser.sign_in(subject)
        cookies: Any = [
            {"name": each.name, "value": each.value, "url": self.home, "secure": True, "httpOnly": True}
            for each in browser.client.cookies.jar
        ]
        await self.context.add_cookies(cookies)
        page = await self.open("/doors/")
        await expect(page.locator("[data-says=ready]")).to_be_visible()
        return page

    async def open(self, path: str) -> Page:
        """Open a page in a tab of its own."""
        page = await self.context.new_page()
        await page.goto(f"{self.home}{path}")
        return page


@pytest.fixture
async def phone(stage: Stage, tmp_path: Path) -> AsyncIterator[Phone]:
    street = Street()
    stage.gateway.answers = _Everything(street)
    certificate = ensure_certificate(tmp_path / "keys", "portal")
    app = Starlette(routes=[Mount("/assets", StaticFiles(directory=FILES)), Mount("/", stage.app)])
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        lifespan="off",
        ssl_certfile=str(certificate.certificate),
        ssl_keyfile=str(certificate.key),
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool | None:
        return server.started or None

    await eventually(started)
    home = f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with network() as through, kept_browser(tmp_path / "phone", home, through) as context:
        faults: list[str] = []
        context.on("weberror", lambda error: faults.append(str(error.error)))
        yield Phone(context, home, stage, street, through)
    server.should_exit = True
    await serving
    assert faults == []


class _Everything(dict[str, Any]):
    """The street's answer to whatever is asked."""

    def __init__(self, street: Callable[[httpx2.Request], httpx2.Response]) -> None:
        super().__init__()
        self.street = street

    def get(self, _key: str, _default: Any = None) -> Any:  # noqa: ANN401 - as a dict's
        return self.street


async def record(page: Page, id_: str, result: str = "approval:lives-here", note: str = NOTE) -> None:
    """Open a door from the list and record a visit."""
    await page.locator(f"[data-door] a[href='/doors/tasks/{id_}']").click()
    await fill(page, result, note)


async def fill(page: Page, result: str, note: str) -> None:
    await page.locator(f"input[value='{result}']").check()
    await page.fill("#note", note)
    await page.get_by_role("button", name="提交记录").click()
    await page.wait_for_url("**/doors/")


async def unsent(page: Page, count: int) -> None:
    await expect(page.locator("[data-entries] li")).to_have_count(count)


async def test_two_tabs_and_a_change_meanwhile_are_shown_and_nothing_is_overwritten(phone: Phone) -> None:
    page = await phone.sign_in("grid-ou")
    other = await phone.open("/doors/tasks/task_2")
    await phone.cut()
    await record(page, "task_1")
    await record(page, "task_2", note="第一个窗口")
    await fill(other, "rejection:no-such-address", "第二个窗口")
    await unsent(other, 3)
    await other.close()
    phone.street.versions["task_1"] += 1  # the applicant proposed another time

    await phone.mend()
    await expect(page.locator("[data-says=offline]")).to_be_hidden()
    await expect(page.locator("[data-conflict]:visible")).to_have_count(2)
    assert await inspect(page, phone=True) == []
    assert phone.street.decided == {"task_2": "approval"}
    lost = page.locator("[data-entries] li", has_text="第二个窗口")
    await expect(lost).to_contain_text("已办结：状态。您的记录没有提交。")
    await lost.locator("summary").click()
    await lost.get_by_role("button", name="确定放弃").click()
    await unsent(page, 1)

    await page.locator("[data-entries] a").click()
    await expect(page.locator("#note")).to_have_value(NOTE)
    await page.get_by_role("button", name="提交记录").click()
    await page.wait_for_url("**/doors/?done=approval")
    await unsent(page, 0)
    assert [(each, deed) for each, deed, _ in phone.street.deeds] == [("task_2", "approval"), ("task_1", "approval")]
    assert "第一个窗口" in phone.street.deeds[0][2]


async def test_after_a_sign_in_has_ended_only_the_same_officer_sends_what_was_recorded(phone: Phone) -> None:
    page = await phone.sign_in("grid-ou")
    await phone.cut()
    await record(page, "task_1")
    await unsent(page, 1)
    await phone.context.clear_cookies()
    await phone.mend()
    await expect(page.locator("[data-says=sign-in]")).to_be_visible()
    await page.close()

    page = await phone.sign_in("grid-xie")
    await unsent(page, 0)
    await page.goto(f"{phone.home}/signed-out")
    await phone.cut()
    await page.goto(f"{phone.home}/doors/")
    await expect(page.locator("[data-says=locked]")).to_be_visible()
    await phone.mend()
    await page.close()
    assert phone.street.deeds == []

    page = await phone.sign_in("grid-ou")
    await expect(page.locator("[data-says=sent]")).to_be_visible()
    assert [deed for _, deed, _ in phone.street.deeds] == ["approval"]


async def test_what_was_taken_counts_once_when_its_answer_was_lost(phone: Phone) -> None:
    page = await phone.sign_in("grid-ou")
    phone.street.lost = ["photographs", "approval"]
    await page.goto(f"{phone.home}/doors/tasks/task_1")
    await page.set_input_files("#photographs", [picture(), no_picture()])
    await expect(page.locator("[data-fault=photographs]")).to_be_visible()
    await expect(page.locator("[data-taken] li")).to_have_count(1)
    await fill(page, "approval:lives-here", NOTE)
    await expect(page.locator("[data-says=sending]")).to_be_hidden()
    await until_done(phone, 2)
    await unsent(page, 1)
    await page.reload()
    await unsent(page, 0)
    assert [deed for _, deed, _ in phone.street.deeds] == ["photographs", "approval"]
    assert phone.street.lost == []
    handed_in = phone.street.deeds[0][2]
    assert "image/jpeg" in handed_in
    assert "Lima" not in handed_in


async def until_done(phone: Phone, deeds: int) -> None:
    async def done() -> bool | None:
        return len(phone.street.deeds) == deeds or None

    await eventually(done)


def picture() -> FilePayload:
    """Draw a picture that says where it was taken."""
    drawn = BytesIO()
    taken = Image.Exif()
    taken[0x010E] = "Lima"
    Image.new("RGB", (3000, 200), "teal").save(drawn, "JPEG", exif=taken)
    return FilePayload(name="door.jpg", mimeType="image/jpeg", buffer=drawn.getvalue())


def no_picture() -> FilePayload:
    return FilePayload(name="door.jpg", mimeType="image/jpeg", buffer=b"no picture")
