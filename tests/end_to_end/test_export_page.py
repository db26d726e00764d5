"""A resident reads their export in a browser, through the gateway: styled, in words, with nothing internal in it."""

from __future__ import annotations

import re
import shutil

from playwright.async_api import ConsoleMessage, async_playwright

from tests.end_to_end.town import Town
from tests.journeys import exports, portal, scans

INTERNAL = (
    re.compile(r"\b(?:res|app|task|crd|gua|scan|acc)_\w+"),
    re.compile(r"(?<![\w-])[a-z]+(?:[_-][a-z]+)+(?![\w-])"),
    re.compile(r"\b[0-9a-f]{16,}\b"),
    re.compile(r"\d\d:\d\d:\d\d|T\d\d:\d\d|\+00:00"),
)
TITLES = {"zh-CN": "系统所掌握的您的全部信息", "en": "Everything that the system holds about you"}
SAID_SO = {"self-service", "second-party"}
"""Words with a hyphen that are English, and the account that stands for the other party."""


async def test_the_export_of_a_days_work_is_readable_in_a_browser_and_tells_nothing_internal(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    assert made.child is not None
    case = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    await portal.hand_in(resident, case, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, case)
    await portal.draft(resident, "school-enrolment", {}, subject_id=town.ids[made.child.number])
    where = await exports.ready(resident)
    found = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    complaints = list[str]()

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for language, title in (
            ("zh-CN", "系统所掌握的您的全部信息"),
            ("en", "Everything that the system holds about you"),
        ):
            headers = {"Authorization": f"Bearer {resident.token}", "Accept-Language": language}
            phone = await browser.new_page(
                viewport={"width": 390, "height": 844}, ignore_https_errors=True, extra_http_headers=headers
            )
            phone.on("console", note)
            answer = await phone.goto(f"{town.client.base_url}{where}/page")
            assert answer is not None
            assert (answer.status, await phone.title()) == (200, title)
            assert await phone.evaluate("document.documentElement.scrollWidth") == 390
            assert await phone.locator("dl > div").first.evaluate("each => getComputedStyle(each).display") == "grid"
            await phone.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
            text = await phone.inner_text("body")
            assert made.head.name in text
            assert [word for each in INTERNAL for word in each.findall(text) if word not in SAID_SO] == []
        assert complaints == []
        await browser.close()
