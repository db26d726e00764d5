"""A page in another language or view: what was typed into its form stays, and nothing else is done with it."""

from __future__ import annotations

import re

import httpx2
import pytest

from portal.frame import cookies
from services.portal.tests import district, office
from services.portal.tests.stage import HOME, Browser, Stage
from services.portal.tests.test_resident_pages import PAGES

QUESTION = "/my/applications/app_1/questions/note"
TYPED = "三楼\n<b>左边</b>"
_FORM = re.compile(r"<form([^>]*method=\"post\"[^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<(?:textarea|select|input (?![^>]*type=\"hidden\"))")


async def switch(browser: Browser, **choice: str) -> httpx2.Response:
    """Press a button below the page's form, as a browser without scripts does: it sends the form's fields."""
    [_, inside] = next(each.groups() for each in _FORM.finditer(browser.page.text) if 'id="form"' in each[1])
    return await browser.send("/settings", **fields_of(inside), **choice)


def fields_of(inside: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside))


@pytest.fixture
async def ann(stage: Stage) -> Browser:
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.sign_in("res_ann")
    return browser


@pytest.mark.parametrize("choice", [{"language": "en"}, {"view": "elder"}])
async def test_what_was_typed_stays(stage: Stage, ann: Browser, choice: dict[str, str]) -> None:
    await ann.go(QUESTION)
    asked = len(stage.gateway.asked)
    page = await switch(ann, note=TYPED, **choice)
    assert str(page.url) == f"{HOME}{QUESTION}"
    assert "三楼\n&lt;b&gt;左边&lt;/b&gt;</textarea>" in page.text or 'value="三楼' in page.text
    assert ('lang="en"' in page.text[:200], 'class="elder"' in page.text[:200]) == (
        "language" in choice,
        "view" in choice,
    )
    assert {each.method for each in stage.gateway.asked[asked:]} == {"GET"}
    assert "Kept for you" not in page.text
    again = await ann.go(QUESTION)
    assert "左边" not in again.text
    assert stage.store["kept-forms"].documents == {}


async def test_a_stranger_s_form_stays_too_and_is_not_shown_to_whom_signs_in_then(stage: Stage) -> None:
    stage.gateway.answers |= district.answers()
    browser = stage.browser()
    await browser.go("/hall/progress")
    page = await switch(browser, language="en", number="20261123B0N1QZR4", code="")
    assert 'value="20261123B0N1QZR4"' in page.text
    await switch(browser, language="zh-CN", number="20261123B0N1QZR4", code="")
    await browser.go("/hall/progress")
    kept = await browser.client.post(
        f"{HOME}/settings", data={**browser.hidden(), "language": "en", "number": "A1"}, headers={"Origin": HOME}
    )
    assert kept.is_redirect
    await browser.sign_in("res_ann", then="/hall/progress")
    assert 'value="A1"' not in browser.page.text


async def test_what_waits_for_a_sign_in_is_not_spent_by_a_stranger_s_look(stage: Stage, ann: Browser) -> None:
    await ann.go(QUESTION)
    ann.client.cookies.delete(cookies.SESSION)
    await ann.send(note="三楼")
    waiting = dict(stage.store["kept-forms"].documents)
    assert waiting
    await ann.client.get(f"{HOME}{QUESTION}")
    assert stage.store["kept-forms"].documents == waiting


async def test_a_refused_form_leads_to_its_own_page_in_the_other_language(stage: Stage) -> None:
    stage.gateway.answers |= office.answers()
    stage.gateway.answers[f"POST {office.SWITCHES}/people/proposal"] = 422
    browser = stage.browser()
    await browser.sign_in("official-jiang")
    await browser.go("/office/reviews/people")
    refused = await browser.send("/office/reviews/people/proposal", reason="镜像库已完整")
    assert refused.status_code == 422
    page = await switch(browser, language="en", reason="镜像库已完整")
    assert (page.status_code, str(page.url)) == (200, f"{HOME}/office/reviews/people")
    assert "镜像库已完整</textarea>" in page.text


async def test_every_page_with_something_to_type_keeps_it_and_enter_still_sends_the_form(
    stage: Stage, ann: Browser
) -> None:
    stage.gateway.answers |= office.answers()
    official = stage.browser()
    await official.sign_in("official-jiang")
    for browser, pages in ((ann, PAGES), (official, office.PAGES)):
        for path in pages:
            text = (await browser.go(path)).text
            main, _, below = text.partition("<main")[2].partition("</main>")
            has_fields = any(_FIELD.search(each[2]) for each in _FORM.finditer(main))
            assert main.count('id="form"') == has_fields, path
            assert ('form="form"' in below) == has_fields, path
            assert 'form="form"' not in text.partition("</main>")[0], "the first button of a form is what Enter presses"
