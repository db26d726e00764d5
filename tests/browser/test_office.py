"""The office in a browser: how things go, and two officials who switch a review off and on again."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.visitor import DESK, PHONE, Visitor, Visitors

KIND = "/office/reviews/vaccination-record"
"""A document type that no other journey needs: what is switched off is so for everybody."""


async def test_two_officials_switch_a_review_off_and_on_again(visitors: Visitors) -> None:
    jiang, qiu = await visitors.come(size=DESK), await visitors.come(size=PHONE, scripts=False, language="en")
    await jiang.sign_in(subject="official-jiang")
    await expect(jiang.page.get_by_role("heading", level=1)).to_have_text("办理情况")
    await jiang.picture("office-dashboard")
    await jiang.go("/office/reviews")
    await jiang.picture("office-reviews")

    await jiang.go(KIND)
    await jiang.page.get_by_role("button", name="提议不再人工审核").click()
    await expect(jiang.page).to_have_title(re.compile("^有误："))
    await jiang.page.fill("#reason", "市镜像库<已完整>")
    await jiang.page.get_by_role("button", name="提议不再人工审核").click()
    await expect(jiang.page.get_by_role("alert")).to_contain_text("等另一位负责人同意")
    await expect(jiang.page.get_by_role("button", name="同意")).to_have_count(0)

    await qiu.sign_in(subject="official-qiu")
    await qiu.page.get_by_role("button", name="Have a look").click()
    await expect(qiu.page.get_by_role("heading", level=2).first).to_have_text("Waits for you")
    await qiu.page.get_by_role("link", name="Vaccination").click()
    await expect(qiu.page.get_by_text("市镜像库<已完整>").first).to_be_visible()
    await qiu.picture("office-review")
    await qiu.page.get_by_role("button", name="Approve and switch review off").click()
    await expect(qiu.page.get_by_role("alert")).to_contain_text("Changed as proposed")
    await qiu.picture("office-switched")

    await _proposes(qiu, "Propose to let people review again", "Too early")
    await jiang.go(KIND)
    await jiang.page.get_by_role("button", name="同意，恢复人工审核").click()
    await expect(jiang.page.get_by_text("您和另一位负责人决定恢复人工审核")).to_be_visible()


async def _proposes(official: Visitor, button: str, reason: str) -> None:
    await official.page.fill("#reason", reason)
    await official.page.get_by_role("button", name=button).click()
    await expect(official.page.get_by_role("alert")).to_contain_text("Proposed.")
