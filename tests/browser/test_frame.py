"""Signing in and out, sessions, forms that come too late, and the frame of every page."""

from __future__ import annotations

from playwright.async_api import Page, expect

from local_stack.stack import Stack
from tests.browser.visitor import Visitors, cookie
from tests.end_to_end.town import Town

SESSION = "__Host-yizheng"


async def test_it_works_without_a_script(town: Town, visitors: Visitors) -> None:
    made = town.meet("senior")
    await town.welcome(made)
    visitor = await visitors.come(scripts=False, language="en")
    await visitor.sign_in(number=made.head.number)

    await expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(made.head.name)
    await visitor.sign_out()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("You have signed out")


async def test_a_session_is_new_at_every_sign_in_and_worth_nothing_after_signing_out(
    town: Town, visitors: Visitors
) -> None:
    made = town.meet("senior")
    await town.welcome(made)
    visitor = await visitors.come()
    context = visitor.page.context
    await context.add_cookies([cookie(visitor, "", "planted-by-another")])
    await visitor.sign_in(number=made.head.number)
    [kept] = [each for each in await context.cookies() if each.get("name") == SESSION]
    assert kept.get("value") != "planted-by-another"
    assert (kept.get("httpOnly"), kept.get("secure"), kept.get("sameSite")) == (True, True, "Lax")
    assert len(kept["value"]) >= 43

    await visitor.sign_out()
    await context.add_cookies([cookie(visitor, "", kept["value"])])
    await visitor.go("/")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("凭身份证，就能办事")


async def test_nobody_is_led_elsewhere(visitors: Visitors) -> None:
    for there in ("//evil.example/", "/\\evil.example"):  # what a browser may read otherwise than we do
        visitor = await visitors.come()
        await visitor.sign_in(subject="clerk-lin", then=there)
        assert visitor.page.url == f"{visitor.url}/"


async def test_an_operator_goes_on_to_the_operators_pages_without_a_token(visitors: Visitors) -> None:
    visitor = await visitors.come(language="en", scripts=False)
    await visitor.sign_in(subject="operator-bai")
    await visitor.page.get_by_role("button", name="Go to operations").click()
    await visitor.page.wait_for_url("**/operations/")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Failures")
    await visitor.page.get_by_role("button", name="Sign out").click()
    await visitor.page.get_by_role("link", name="Sign in with your identity provider").click()
    await expect(visitor.page.locator("button[value='operator-bai']")).to_be_visible()


async def test_every_page_keeps_to_itself(stack: Stack, visitors: Visitors) -> None:
    visitor = await visitors.come()
    for path in ("/", "/items", "/no-such-page-of-items", "/my/nothing"):
        answer = await visitor.go(path)
        assert answer is not None
        headers = answer.headers
        if path.startswith("/no-such"):
            assert answer.status == 404
            continue
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert "content-encoding" not in headers
        assert headers["x-frame-options"] == "DENY"
    asset = await visitor.page.context.request.get(
        f"{visitor.url}{await _style(visitor.page)}", headers={"Accept-Encoding": "gzip"}
    )
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-encoding"] == "gzip"
    missing = await visitor.page.context.request.get(f"{visitor.url}/assets/portal-000000000000.css")
    assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")
    assert stack.gateway_url == visitor.url


async def _style(page: Page) -> str:
    found = await page.evaluate("new URL(document.querySelector('link[rel=stylesheet]').href).pathname")
    return str(found)
