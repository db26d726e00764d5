"""Files go on by pieces: from a form without a script, and as the script asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

import httpx2
import pytest

from portal.resident.uploads import PIECE
from services.portal.tests import district
from services.portal.tests.district import APP
from services.portal.tests.stage import HOME, Browser, Stage

PAGE = "/my/applications/app_1/documents/housing"
UPLOADS = f"{APP}/uploads"
CONTENT = b"%PDF-" + bytes(2 * PIECE)


@dataclass
class Taking:
    """The service's uploads, one at a time; `behind` loses so many answers to pieces that have come."""

    content: bytearray = field(default_factory=bytearray)
    size: int = 0
    digest: str = ""
    names: list[str] = field(default_factory=list)
    behind: int = 0
    refusal: int = 0

    def begin(self, request: httpx2.Request) -> httpx2.Response:
        body = httpx2.Response(200, content=request.content).json()
        self.names.append(body["name"])
        if body["sha256"] != self.digest:
            self.content.clear()
        self.size, self.digest = body["size"], body["sha256"]
        return self.told()

    def piece(self, request: httpx2.Request) -> httpx2.Response:
        assert request.headers["content-type"] == "application/partial-upload"
        if self.refusal:
            problem = {"status": self.refusal, "title": "未能办理", "detail": "无法打开", "action": "请重新拍照"}
            return httpx2.Response(self.refusal, json=problem)
        if int(request.headers["upload-offset"]) != len(self.content):
            return httpx2.Response(409, json={"status": 409, "title": "起始位置不对"})
        self.content += request.content
        if self.behind:
            self.behind -= 1
            return httpx2.Response(409, json={"status": 409, "title": "起始位置不对"})
        return self.told()

    def told(self, _: httpx2.Request | None = None) -> httpx2.Response:
        done = len(self.content) == self.size
        upload = {"upload_id": "upl_1", "size": self.size, "received": len(self.content)}
        return httpx2.Response(200, json={**upload, "scan_id": "scan_1" if done else None})


@pytest.fixture
def taking(stage: Stage) -> Taking:
    it = Taking()
    stage.gateway.answers |= district.answers() | {
        f"POST {UPLOADS}": it.begin,
        f"GET {UPLOADS}/upl_1": it.told,
        f"PATCH {UPLOADS}/upl_1": it.piece,
    }
    return it


@pytest.fixture
async def ann(stage: Stage) -> Browser:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    return browser


async def send(browser: Browser, *contents: bytes, field: str = "file") -> httpx2.Response:
    await browser.go(PAGE)
    files = [(field, (f"{number}.pdf", each, "application/pdf")) for number, each in enumerate(contents)]
    data = {**browser.hidden(), "document_type": "id-card"}
    return await browser.client.post(f"{HOME}{PAGE}", data=data, files=files, headers={"Origin": HOME})


async def test_a_form_without_a_script_hands_its_files_on_by_pieces(taking: Taking, ann: Browser) -> None:
    answer = await send(ann, CONTENT)
    assert answer.headers["location"].startswith(f"{PAGE}?done=handed-in")
    assert (bytes(taking.content), taking.digest) == (CONTENT, sha256(CONTENT).hexdigest())


async def test_several_pages_and_a_photograph_are_handed_in_one_after_the_other(taking: Taking, ann: Browser) -> None:
    await send(ann, b"one", b"two")
    await send(ann, b"three", field="photo")
    assert taking.names == ["0.pdf", "1.pdf", "0.pdf"]


async def test_a_form_that_was_sent_twice_goes_on_where_the_first_one_is(taking: Taking, ann: Browser) -> None:
    taking.behind = 2
    answer = await send(ann, CONTENT)
    assert answer.status_code == 303
    assert bytes(taking.content) == CONTENT


async def test_what_is_refused_is_told_beside_the_field(taking: Taking, ann: Browser) -> None:
    taking.refusal = 415
    answer = await send(ann, CONTENT)
    assert answer.status_code == 415
    assert "无法打开" in answer.text
    assert "<title>有误：" in answer.text


async def test_the_page_says_what_is_not_finished_and_how_to_go_on(taking: Taking, ann: Browser) -> None:
    page = await ann.go(PAGE)
    assert "已收到11.4 MB，共28.6 MB" in page.text
    assert f'data-uploads="{PAGE.rpartition("/documents")[0]}/uploads"' in page.text
    assert taking.names == []


async def test_the_script_is_told_how_far_it_is_and_what_was_wrong(taking: Taking, ann: Browser) -> None:
    page = await ann.go(PAGE)
    token = ann.hidden()["form-token"]
    ours = {"Origin": HOME, "X-Form-Token": token}
    path = f"{HOME}{PAGE.rpartition('/documents')[0]}/uploads"
    begun = {"requirement": "housing", "document_type": "id-card", "name": "a.pdf", "size": 9, "sha256": "9f" * 32}
    first = await ann.client.post(path, json=begun, headers=ours)
    assert first.json() == {"id": "upl_1", "received": 0, "done": False}
    headers = {**ours, "Content-Type": "application/partial-upload", "Upload-Offset": "0"}
    piece = await ann.client.patch(f"{path}/upl_1", content=b"%PDF-", headers=headers)
    assert piece.json() == {"id": "upl_1", "received": 5, "done": False}
    taking.refusal = 422
    refused = await ann.client.patch(f"{path}/upl_1", content=b"x", headers={**headers, "Upload-Offset": "5"})
    assert (refused.status_code, refused.json()) == (422, {"text": "无法打开 请重新拍照"})
    taking.refusal = 503
    away = await ann.client.patch(f"{path}/upl_1", content=b"x", headers={**headers, "Upload-Offset": "5"})
    assert away.status_code == 503
    for wrong in ({**ours, "X-Form-Token": "x"}, {**ours, "Origin": "https://evil.example"}):
        other = await ann.client.post(path, json=begun, headers=wrong)
        assert other.status_code in {303, 403}
    assert len(taking.names) == 1
    assert page.status_code == 200
