"""What a person reads when a service refuses: words for people, also where the service speaks to programs."""

from __future__ import annotations

import re

import httpx2
import pytest

from portal.app import texts_of_all
from portal.frame.calls import GatewayProblem, InputFault
from portal.frame.refusals import worded
from runtime.texts import LANGUAGES, Language, Texts
from services.portal.tests import district
from services.portal.tests.district import APP
from services.portal.tests.stage import Stage

SERVICES = ("runtime", "identity", "applications", "matcher", "review_dispatch", "credential_store", "data_rights")
FOR_PROGRAMS = re.compile(
    r"[`…]|\b(API|JSON|HTTP|POST|ETag|If-Match|Idempotency|Authorization|Content-Type|multipart|cursor|byte|bytes)\b"
    r"|X-Request-Id|application/|/v1/|\w_\w|\btrue or false\b|\bunder this id\b|\bresident id\b|\bsha256\b"
)
OF_PROGRAMS = re.compile(
    r"mapping-|hand-over-|file-|columns-|header-|form-not-readable|status-list-|one-department|unknown-department"
    r"|document-type-|terminal-|unknown-terminal|proof-|content-not-signed|.*-token|no-token|name-one|wrong-holder-type|not-published"
    r"|term-in-the-past|unknown-hand-over|guardian-not|child-not-registered|resident-unknown|verification|no-match"
)
"""Refusals of departments' and operators' programs, of a sign-in, and of identifiers that no page lets anybody type."""


def _texts_for_programs() -> list[tuple[str, str]]:
    texts = Texts.of("standards", *SERVICES)
    found = {key.split(".")[1] for key in texts.keys("en") if key.startswith("problems.")}
    said = [(code, _without_places(texts, code)) for code in found]
    return sorted((code, text) for code, text in said if FOR_PROGRAMS.search(text) and not OF_PROGRAMS.match(code))


def _without_places(texts: Texts, code: str) -> str:
    text = " ".join(texts.raw("en", f"problems.{code}.{part}") for part in ("detail", "action"))
    return re.sub(r"\{\w+\}", "x", text)


@pytest.mark.parametrize(("code", "text"), _texts_for_programs(), ids=lambda each: each[:30])
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_for_programs_are_put_in_words_for_people(code: str, text: str, language: Language) -> None:
    told = GatewayProblem(status=422, code=code, title="t", detail=text, action=text)
    for said in (worded(told, texts_of_all(), language), _in_a_fault(told, language)):
        assert not FOR_PROGRAMS.search(f"{said.detail} {said.action}")


def _in_a_fault(told: GatewayProblem, language: Language) -> InputFault:
    fault = InputFault(pointer="#/x", code=told.code, detail=told.detail, action=told.action)
    [said] = worded(told.model_copy(update={"errors": (fault,)}), texts_of_all(), language).errors
    return said


async def test_a_page_shows_them(stage: Stage) -> None:
    stage.gateway.answers |= district.answers()
    browser = stage.browser("en")
    await browser.sign_in("res_ann")
    await browser.go("/my/applications/app_1/questions/address")
    stale = {"status": 412, "code": "stale-version", "title": "x", "detail": "You looked at version 3", "action": "x"}
    stage.gateway.answers[f"PATCH {APP}"] = lambda _: httpx2.Response(412, json=stale)
    page = await browser.send(address="民乐社区3栋")
    assert "This has changed meanwhile" in page.text
    assert "version 3" not in page.text
    assert "民乐社区3栋" in page.text


async def test_what_is_wrong_is_said_once_where_a_field_repeats_it(stage: Stage) -> None:
    browser = stage.browser()
    told = {"code": "item-unknown", "title": "没有此事项", "detail": "目录中没有此事项。", "action": "请查找。"}
    refused = {"status": 404, **told, "errors": [{"pointer": "#/item", **told}]}
    stage.gateway.answers["GET /v1/items/none"] = lambda _: httpx2.Response(404, json=refused)
    assert (await browser.go("/items/none")).text.count("目录中没有此事项。") == 1
