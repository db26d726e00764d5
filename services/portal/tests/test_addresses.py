"""Addresses that are opened by hand."""

from __future__ import annotations

import pytest

from services.portal.tests import district
from services.portal.tests.stage import HOME, Stage


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/settings", "/"),
        ("/sign-out", "/"),
        ("/items/residence-permit/application", "/items/residence-permit"),
        ("/my/applications/app_1/satisfaction", "/my/applications/app_1"),
        ("/desk/next", "/desk/"),
        ("/desk/tasks/task_1/claim", "/desk/tasks/task_1"),
        ("/office/reviews/id-card/approval", "/office/reviews/id-card"),
        ("/terminal/visits", "/terminal/"),
    ],
)
async def test_an_address_that_only_takes_a_form_leads_to_its_page(stage: Stage, address: str, page: str) -> None:
    stage.gateway.answers |= district.answers()
    browser = stage.browser("en")
    told = await browser.go(address)
    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert "Open the page with the form" in told.text
    assert f'href="{page}"' in told.text
    assert (await browser.client.get(f"{HOME}{page}")).status_code in {200, 303}


@pytest.mark.parametrize("address", ["/nothing", "/my/applications/app_1/nothing", "/my//data", "//evil.test"])
async def test_what_there_is_not_is_said(stage: Stage, address: str) -> None:
    page = await stage.browser("en").go(address)
    assert (page.status_code, "There is no such page" in page.text) == (404, True)


@pytest.mark.parametrize(("typed", "page"), [("/hall", "/hall/"), ("/items/", "/items"), ("/desk", "/desk/")])
async def test_a_slash_too_few_or_too_many_at_the_end_does_not_matter(stage: Stage, typed: str, page: str) -> None:
    answer = await stage.browser().client.get(f"{HOME}{typed}")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
