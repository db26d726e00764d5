"""The window's pages over a gateway that says what a test wants."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import httpx2
import pytest

from services.portal.tests.district import EVIL
from services.portal.tests.stage import Browser, Stage

CARD = {
    "number": "440309199001010013",
    "name": "李育成",
    "sex": "male",
    "birth_date": "1990-01-01",
    "nationality_group": "汉",
    "address": "湖南省邵阳市邵东县两市镇建设路18号",
    "issuing_authority": "邵东县公安局",
    "valid_from": "2019-05-06",
}
DAYS, DAY = frozenset({"birth_date", "valid_from"}), ("year", "month", "day")
RESIDENT = {
    **CARD,
    "number": "4****************3",
    "name": f"李{EVIL}",
    "valid_until": None,
    "resident_id": "res_1",
    "community": "440309002007",
    "registered_at": "2026-11-30T01:02:03Z",
    "suspension": {"reason": EVIL, "since": "2026-11-30T01:02:03Z"},
    "corrections": [{"correction_id": "cor_1", "field": "name", "value": EVIL, "until": "2026-12-30"}],
}
STEPS = {"items": [{"text": EVIL, "at": "2026-11-30T01:02:03Z", "reason": EVIL}]}
WARDS = {"items": [{"guardianship_id": "gua_1", "name": EVIL, "relation": "mother", "ends_on": "2036-12-30"}]}


@pytest.fixture(params=["zh-CN", "en"])
async def clerk(stage: Stage, request: pytest.FixtureRequest) -> Browser:
    stage.gateway.answers |= {
        "POST /v1/residents": RESIDENT,
        "POST /v1/lookups": lambda _: httpx2.Response(200, json=RESIDENT, headers={"ETag": '"7"'}),
        "GET /v1/residents/res_1": lambda _: httpx2.Response(200, json=RESIDENT, headers={"ETag": '"7"'}),
        "GET /v1/residents/res_1/history": STEPS,
        "GET /v1/residents/res_1/wards": WARDS,
        "POST /v1/residents/res_1/card": RESIDENT,
        "POST /v1/residents/res_1/reinstatement": RESIDENT,
        "POST /v1/guardianships": {"ends_on": "2036-12-30"},
        "POST /v1/guardianships/gua_1/end": {},
    }
    browser = stage.browser(request.param)
    await browser.sign_in("clerk-lin")
    return browser


def harmless(page: httpx2.Response) -> bool:
    return "<script>alert" not in page.text


def refused(*faults: Mapping[str, str]) -> httpx2.Response:
    problem = {"status": 422, "code": "several", "title": "有几处不对", "errors": list(faults)}
    return httpx2.Response(422, json=problem)


async def test_a_clerk_begins_at_the_window(clerk: Browser) -> None:
    assert str(clerk.page.url).endswith("/window/")
    assert clerk.page.status_code == 200


async def test_a_card_that_was_read_fills_the_form_and_registers_nobody_yet(stage: Stage, clerk: Browser) -> None:
    text = json.dumps({**CARD, "valid_until": None, "photo": "ignored"})
    page = await clerk.send("/window/", card=text, community="440309002007")
    assert page.status_code == 200
    assert stage.gateway.bodies("POST /v1/residents") == []
    for name, value in CARD.items():
        fields = zip(DAY, value.split("-"), strict=True) if name in DAYS else [("", value)]
        assert all(f'value="{each}"' in page.text for _, each in fields)
    assert 'id="long_term" name="long_term" type="checkbox" value="yes" checked' in page.text
    assert 'value="440309002007" selected' in page.text

    page = await clerk.send("/window/", **CARD, long_term="yes", community="440309002007")
    [sent] = stage.gateway.bodies("POST /v1/residents")
    assert sent == {**CARD, "valid_until": None, "name_confirmed": False, "channel": "window"} | {
        "community": "440309002007"
    }
    assert page.status_code == 200
    assert harmless(page)
    assert "res_1" not in page.text


@pytest.mark.parametrize("text", ["{", "[]", '{"number": 1}', "440309199001010013", '{"number": "' + "1" * 500 + '"}'])
async def test_what_is_no_card_is_said_beside_the_readers_field(stage: Stage, clerk: Browser, text: str) -> None:
    page = await clerk.send("/window/", card=text, name="李育成")
    assert page.status_code == 422
    assert 'id="card-error"' in page.text
    assert 'value="李育成"' in page.text
    assert stage.gateway.bodies("POST /v1/residents") == []


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(stage: Stage, clerk: Browser) -> None:
    stage.gateway.answers["POST /v1/residents"] = lambda _: refused(
        {"pointer": "#/number", "code": "x", "detail": EVIL, "action": "核对"},
        {"pointer": "#/community", "code": "y", "detail": EVIL},
        {"pointer": "#/sex", "code": "z", "detail": EVIL},
    )
    page = await clerk.send("/window/", **{**CARD, "name": EVIL}, community="440309002007")
    assert page.status_code == 422
    assert harmless(page)
    assert all(f'id="{name}-error"' in page.text and f'href="#{name}"' in page.text for name in ("number", "community"))
    assert f'value="{CARD["number"]}"' in page.text
    assert "name_confirmed" not in page.text


async def test_the_summary_says_which_fields_are_wrong_and_in_words_for_people(stage: Stage, clerk: Browser) -> None:
    stage.gateway.answers["POST /v1/residents"] = lambda _: refused(
        {"pointer": "#/name", "code": "empty", "detail": "此项不能为空。"},
        {"pointer": "#/sex", "code": "literal_error", "detail": "应为下列之一：'male'、'female'。"},
        {"pointer": "#/birth_date", "code": "day", "detail": "应为日期，写成文字，例如 2026-11-23。"},
        {"pointer": "#/address", "code": "x", "detail": "住址过长。"},
    )
    page = await clerk.send("/window/", **{**CARD, "name": ""})
    summary = page.text.split("govuk-error-summary__list")[1].split("</ul>")[0]
    is_english = '<html lang="en"' in page.text
    assert f'<a href="#name">{"Name: " if is_english else "姓名："}此项不能为空。</a>' in summary
    assert ("Sex: " if is_english else "性别：") in summary
    assert ("Date of birth: " if is_english else "出生日期：") in summary
    assert "male" not in summary
    assert "写成文字" not in summary
    assert f'<a href="#address">{"Address: " if is_english else ""}住址过长。</a>' in summary


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (("1990", "1", "1"), "1990-01-01"),
        (("１９９０年", "1月", "1日"), "1990-01-01"),
        (("1990-1-1", "", ""), "1990-01-01"),
        (("19900101", "", ""), "1990-01-01"),
        (("", "", "1990年1月1日"), "1990-01-01"),
        (("1990", "13", ""), "1990-13-"),
        (("90", "1", "1"), "90-01-01"),
        (("", "", ""), ""),
        (("1990-01", "", ""), "1990-01--"),
    ],
)
async def test_a_day_is_typed_in_three_fields(
    stage: Stage, clerk: Browser, typed: tuple[str, str, str], sent: str
) -> None:
    fields = {name: value for name, value in CARD.items() if name != "birth_date"}
    parts = {f"birth_date-{part}": each for part, each in zip(DAY, typed, strict=True)}
    await clerk.send("/window/", **fields, **parts)
    assert stage.gateway.bodies("POST /v1/residents")[-1]["birth_date"] == sent


async def test_a_day_that_is_refused_stands_in_its_three_fields_again(stage: Stage, clerk: Browser) -> None:
    stage.gateway.answers["POST /v1/residents"] = lambda _: refused(
        {"pointer": "#/birth_date", "code": "day", "detail": "x"}
    )
    parts = {"birth_date-year": "1990", "birth_date-month": "13", "birth_date-day": ""}
    page = await clerk.send("/window/", **{**CARD, "birth_date": ""}, **parts)
    for part, value in (("year", "1990"), ("month", "13"), ("day", "")):
        [field] = re.findall(f'<input[^>]* name="birth_date-{part}"[^>]*>', page.text)
        assert f'value="{value}"' in field
    assert 'href="#birth_date"' in page.text
    assert 'id="birth_date"' in page.text


async def test_a_name_to_be_compared_is_confirmed_by_the_clerk(stage: Stage, clerk: Browser) -> None:
    fault = {"pointer": "#/name", "code": "name-not-confirmed", "detail": "乾、干"}
    stage.gateway.answers["POST /v1/residents"] = lambda _: refused(fault)
    page = await clerk.send("/window/", **CARD)
    assert 'name="name_confirmed"' in page.text
    stage.gateway.answers["POST /v1/residents"] = RESIDENT
    await clerk.send("/window/", **CARD, name_confirmed="yes")
    assert stage.gateway.bodies("POST /v1/residents")[-1]["name_confirmed"] is True


async def test_a_look_says_why_and_what_is_done_then_names_the_version_seen(stage: Stage, clerk: Browser) -> None:
    await clerk.go("/window/look-up")
    page = await clerk.send("/window/look-up", number=CARD["number"], kind="application")
    assert harmless(page)
    asked = {"number": CARD["number"], "purpose": "窗口受理本人申请"}
    assert stage.gateway.bodies("POST /v1/lookups") == [asked]
    page = await clerk.send("/window/residents/res_1/reinstatement", reason="找到了")
    [sent] = [each for each in stage.gateway.asked if each.url.path.endswith("/reinstatement")]
    assert sent.headers["if-match"] == '"7"'
    assert stage.gateway.bodies("POST /v1/residents/res_1/reinstatement") == [{"reason": "找到了"}]
    assert page.status_code == 200
    assert page.url.params["purpose"] == asked["purpose"]


async def test_a_purpose_that_is_written_counts(stage: Stage, clerk: Browser) -> None:
    await clerk.go("/window/look-up")
    await clerk.send("/window/look-up", number="1", kind="card", purpose="核对地址")
    assert stage.gateway.bodies("POST /v1/lookups") == [{"number": "1", "purpose": "核对地址"}]


async def test_a_renewal_takes_the_card_and_the_community(stage: Stage, clerk: Browser) -> None:
    await clerk.go("/window/residents/res_1/card?purpose=x&community=440309002007")
    page = await clerk.send("/window/residents/res_1/card", card=json.dumps({**CARD, "valid_until": "2039-05-06"}))
    assert re.search(r'name="valid_until-year"[^>]* value="2039"', page.text)
    page = await clerk.send("/window/residents/res_1/card", **CARD, valid_until="2039-05-06", community="")
    [sent] = stage.gateway.bodies("POST /v1/residents/res_1/card")
    assert (sent["community"], sent["valid_until"]) == (None, "2039-05-06")
    assert page.url.params["purpose"] == "x"


async def test_a_guardianship_is_registered_and_ended(stage: Stage, clerk: Browser) -> None:
    await clerk.go("/window/guardianship")
    fields = {"relation": "mother", "kind": "birth-certificate", "reference": "T1"}
    page = await clerk.send("/window/guardianship", guardian_number="1", child_number="2", **fields)
    assert page.status_code == 200
    assert harmless(page)
    [sent] = stage.gateway.bodies("POST /v1/guardianships")
    assert sent["proof"] == {"kind": "birth-certificate", "reference": "T1"}

    page = await clerk.go("/window/residents/res_1/history?purpose=x")
    assert harmless(page)
    page = await clerk.send("/window/residents/res_1/guardianships/gua_1", **{"reason-1": "法院撤销"})
    assert stage.gateway.bodies("POST /v1/guardianships/gua_1/end") == [{"reason": "法院撤销"}]
    assert page.url.path == "/window/residents/res_1/history"


async def test_a_number_that_is_wrong_is_told_beside_its_own_field(stage: Stage, clerk: Browser) -> None:
    def look(request: httpx2.Request) -> httpx2.Response:
        is_child = b'"2"' in request.content
        fault = {"pointer": "#/number", "code": "x", "detail": "号码有误"}
        return refused(fault) if is_child else httpx2.Response(200, json=RESIDENT)

    stage.gateway.answers["POST /v1/lookups"] = look
    await clerk.go("/window/guardianship")
    page = await clerk.send("/window/guardianship", guardian_number="1", child_number="2")
    assert 'id="child_number-error"' in page.text
    assert 'id="guardian_number-error"' not in page.text
