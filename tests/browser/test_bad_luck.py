"""The gateway, then the portal, goes away in the middle of a form: nothing that was typed is lost."""

from __future__ import annotations

import os
from signal import SIGKILL

from playwright.async_api import expect

from local_stack.stack import Stack
from tests.browser.test_resident import arrive
from tests.browser.visitor import Visitors
from tests.end_to_end.town import Town


async def test_a_form_survives_a_new_gateway_and_a_portal_that_is_away(
    stack: Stack, town: Town, visitors: Visitors
) -> None:
    made = town.meet("newcomers")
    await arrive(town, made)
    visitor = await visitors.come()
    await visitor.sign_in(number=made.head.number)
    await visitor.go("/items/residence-permit")
    await visitor.page.get_by_role("button", name="开始办理").click()
    await visitor.page.wait_for_url("**/questions/address")
    await visitor.page.fill("#address", made.home.address)
    os.killpg(stack.pid("gateway"), SIGKILL)  # its workers, too: they would go on answering
    stack.kill("gateway")
    stack.start("gateway")
    await visitor.page.get_by_role("button", name="继续", exact=True).click()
    await visitor.page.wait_for_url("**/evidence")

    await visitor.page.go_back()
    await visitor.page.fill("#address", f"{made.home.address}A室")
    stack.kill("portal")
    try:
        await visitor.page.get_by_role("button", name="继续", exact=True).click()
        await expect(visitor.page.locator("h1")).to_be_visible()
        await visitor.picture("portal-away")
    finally:
        stack.start("portal")

    await visitor.page.go_back()
    await expect(visitor.page.locator("#address")).to_have_value(f"{made.home.address}A室")
