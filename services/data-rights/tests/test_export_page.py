"""The export as a page: in the reader's words, by subject; nothing internal, no foreign time, good on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import ConsoleMessage, Page, Route

from data_rights.api.export_page import page, policy
from data_rights.domain.export import Export
from tests.browser.visitor import chromium

CONTENT = json.loads((Path(__file__).parent / "export_example.json").read_text(encoding="utf-8"))
RESIDENT = "res_0558147dc353d39fd9ea6b5492"
AT = datetime(2026, 11, 29, 21, 45, tzinfo=UTC)
INTERNAL = (
    re.compile(r"\b(?:res|app|task|crd|gua|scan|acc|dis|cor|exp|fail)_\w+"),
    re.compile(r"\b[a-z]+(?:[_-][a-z]+)+\b"),
    re.compile(r"\b[0-9a-f]{16,}\b"),
    re.compile(r"\d\d:\d\d:\d\d|T\d\d:\d\d|\+00:00|\dZ\b"),
    re.compile(r"\b(?:true|false|null|None|True|False)\b"),
)


def written(language: str, content: dict[str, Any] | None = None) -> str:
    export = Export(
        id="exp_1",
        holder="9f" * 32,
        resident_id=RESIDENT,
        requested_by=RESIDENT,
        requested_at=AT,
        ends_at=AT + timedelta(days=7),
        services=(),
        key=None,
    )
    return page(export, CONTENT if content is None else content, language)


def text_of(html: str) -> str:
    """Return what a page says, without its style and markup."""
    return re.sub(r"<[^>]+>", "\n", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


def texts_of(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Give every text in Chinese characters that is in an export: names, addresses, what people wrote."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, str) and re.search(r"[\u4e00-\u9fff]", value):
        yield value


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_nothing_internal_no_code_and_no_other_time_is_shown(language: str) -> None:
    shown = text_of(written(language)).replace("JSON", "").replace("self-service", "").replace("si-1", "")
    for pattern in INTERNAL:
        assert pattern.findall(shown) == []
    assert "其他" not in shown.replace("其他监护人", "")
    assert not re.search(r"^Other$", shown, re.MULTILINE)


def test_in_chinese_no_word_is_english() -> None:
    shown = text_of(written("zh-CN")).replace("JSON", "").replace("si-1", "")
    assert re.findall(r"[A-Za-z]{2,}", re.sub(r"1\.2\.156\S+|\b\d{8}[0-9A-Z]+\b", "", shown)) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_everything_that_people_wrote_or_are_called_is_shown(language: str) -> None:
    shown = written(language)
    assert [text for text in texts_of(CONTENT) if text not in shown] == []
    assert ("2026年11月30日 05:45" if language == "zh-CN" else "30 November 2026, 05:45") in shown


def test_what_no_release_knew_yet_is_something_else_and_never_a_code() -> None:
    changed = json.loads(json.dumps(CONTENT))
    changed["credential-store"]["credentials"][0]["status"] = "55-new"
    changed["credential-store"]["credentials"][0]["issues"][0]["content"]["fields"]["brand_new"] = "值"
    shown = text_of(written("zh-CN", changed))
    assert "55-new" not in shown
    assert "brand_new" not in shown
    assert "值" in shown


def test_an_empty_export_says_so() -> None:
    assert written("zh-CN", {}).count("此处没有保存任何信息") == 5


async def test_a_browser_shows_it_styled_under_its_own_policy() -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    async with chromium() as browser:
        for language, scheme in product(("zh-CN", "en"), schemes):
            opened = await browser.new_page(color_scheme=scheme)
            complaints = await _shown(opened, language)
            for width in (390, 1280):
                look = f"{language}, {scheme}, {width} px"
                await opened.set_viewport_size({"width": width, "height": 844})
                assert await opened.evaluate("document.documentElement.scrollWidth") == width, look
                display = await opened.locator("dl > div").first.evaluate("each => getComputedStyle(each).display")
                assert display == "grid", look
                paper = await opened.evaluate("getComputedStyle(document.body).backgroundColor")
                assert paper == ("rgb(18, 22, 26)" if scheme == "dark" else "rgb(245, 244, 240)"), look
                sizes = [await each.bounding_box() for each in await opened.locator("nav a").all()]
                assert min(box["height"] for box in sizes if box) >= 44, look
                assert complaints == [], look
            await opened.close()


async def _shown(opened: Page, language: str) -> list[str]:
    """Open the export in a browser's page; return what the browser complains of, now and later."""
    complaints = list[str]()
    body, headers = written(language), {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy()}

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, headers=headers)

    opened.on("console", note)
    await opened.route("**/*", answer)
    await opened.goto("http://127.0.0.1/page")
    return complaints
