from __future__ import annotations

import re

import jwt
import pytest
from fastapi.routing import APIRoute

from portal.frame import cookies
from portal.places import PLACES
from services.portal.tests.stage import HOME, Stage
from web.proof import Call, check

SAID: dict[str, object] = {"items": [], "visits": [], "next": None}
WARDS = ("residents/res_ann/wards", "residents/res_ben/wards")
ASKED = ("items", "applications", "confirmations", "visits", "credentials", "eligibility", *WARDS)
EVERYTHING = {f"GET /v1/{each}": SAID for each in ASKED}
STAFF = {"clerk-lin": "clerk", "grid-ou": "grid-officer", "official-jiang": "official", "operator-bai": "operator"}
PEOPLE = {"": "", "res_ann": "resident", "reviewer-he": "reviewer", **STAFF}
FOR_ALL = re.compile(r"/(items(/x)?)?|/doors/(device|offline|worker\.js|manifest\.webmanifest)")


@pytest.fixture(autouse=True)
def _answers(stage: Stage) -> None:
    stage.gateway.answers |= EVERYTHING


async def test_who_signs_in_is_called_by_name_and_the_calls_are_theirs(stage: Stage) -> None:
    browser = stage.browser()
    page = await browser.sign_in("res_ann")

    assert (page.status_code, str(page.url)) == (200, f"{HOME}/")
    assert "安妮" in page.text
    called = [each for each in stage.gateway.asked if each.url.path == "/v1/applications"]
    assert called[0].headers["authorization"].startswith("DPoP ey")
    assert called[0].headers["accept-language"] == "zh-CN"


def bound_to(token: str) -> str:
    """Return the thumbprint of the key that a token is bound to."""
    return str(jwt.decode(token, options={"verify_signature": False})["cnf"]["jkt"])


async def test_a_persons_token_is_bound_to_the_portals_key_and_each_call_proves_it(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    stage.clock.pass_by(minutes=15)
    await browser.go("/")
    called = [each for each in stage.gateway.asked if "authorization" in each.headers]
    tokens = {each.headers["authorization"].removeprefix("DPoP ") for each in called}
    assert len(tokens) == 2  # renewed
    assert {bound_to(token) for token in tokens} == {stage.app.state.frame.own_key.thumbprint}
    for each in called:
        token = each.headers["authorization"].removeprefix("DPoP ")
        proven = check(each.headers["dpop"], bound_to(token), Call(each.method, str(each.url), token))
        assert proven.key == bound_to(token)


async def test_nothing_of_a_session_can_be_read_from_the_store(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    secret = browser.client.cookies[cookies.SESSION]
    [(id_, document)] = stage.store["person-sessions"].documents.items()

    assert secret not in str(document)
    assert id_ != secret
    assert b"res_ann" not in document["sealed"]
    assert "安妮".encode() not in document["sealed"]


async def test_a_session_ends_by_silence_and_in_any_case_after_a_day_of_work(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    stage.clock.pass_by(minutes=29)
    assert "安妮" in (await browser.go("/")).text
    stage.clock.pass_by(minutes=31)
    assert "安妮" not in (await browser.go("/")).text


async def test_tokens_are_renewed_while_somebody_is_there_once_for_pages_side_by_side(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    first = stage.gateway.asked[-1].headers["authorization"]
    stage.clock.pass_by(minutes=14, seconds=30)
    page = await browser.go("/")

    assert "安妮" in page.text
    assert stage.gateway.asked[-1].headers["authorization"] != first


async def test_what_the_provider_has_ended_is_ended_here(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    stage.provider_app.state.provider.server.memory.renewals.clear()
    stage.clock.pass_by(minutes=16)

    assert "安妮" not in (await browser.go("/")).text
    assert stage.store["person-sessions"].documents == {}


async def test_signing_out_ends_it_here_and_at_the_provider(stage: Stage) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann")
    page = await browser.send("/sign-out")

    assert str(page.url) == f"{HOME}/signed-out"
    assert stage.store["person-sessions"].documents == {}
    assert stage.provider_app.state.provider.server.memory.renewals == {}


async def test_a_code_of_another_browser_signs_nobody_in(stage: Stage) -> None:
    victim, attacker = stage.browser(), stage.browser()
    await attacker.go("/sign-in")
    begun = str(attacker.page.url)
    await victim.go("/")
    victim.page = await victim.provider.get(begun)
    page = await victim.pick("res_ben")

    assert page.status_code == 400
    assert cookies.SESSION not in victim.client.cookies


async def test_the_way_back_is_good_once(stage: Stage) -> None:
    browser = stage.browser()
    await browser.go("/sign-in")
    sent = await browser.provider.post("/authorize", data={**browser.hidden(), "person": "res_ann"})
    back = sent.headers["location"]
    await browser.client.get(back)
    browser.client.cookies.delete(cookies.SESSION)

    assert (await browser.client.get(back)).status_code == 400


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%0d%0aX: y", "evil", "javascript:x"]
)
async def test_nobody_is_led_elsewhere(stage: Stage, there: str) -> None:
    browser = stage.browser()
    await browser.sign_in("res_ann", then=there)
    assert str(browser.page.url).startswith(f"{HOME}/")


async def test_without_the_provider_public_pages_are_shown_and_signing_in_says_what_is_missing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.frame.provider._ANSWERING", 0.0)
    known = stage.browser()
    await known.sign_in("res_ann")
    stage.away.append("provider")
    assert (await known.send("/sign-out")).url.path == "/signed-out"
    browser = stage.browser("en")
    assert (await browser.go("/")).status_code == 200
    page = await browser.go("/sign-in")
    assert page.status_code == 503
    assert "identity provider does not answer" in page.text


async def test_a_stranger_is_led_to_the_sign_in_and_back(stage: Stage) -> None:
    browser = stage.browser()
    await browser.go("/my/applications")
    page = await browser.pick("res_ann")
    assert str(page.url) == f"{HOME}/my/applications"


async def test_the_wrong_role_is_told_whose_place_it_is(stage: Stage) -> None:
    browser = stage.browser("en")
    page = await browser.sign_in("clerk-lin", then="/my/applications")
    assert page.status_code == 403
    assert "a window clerk" in page.text
    assert "a resident" in page.text


@pytest.mark.parametrize(("subject", "role"), PEOPLE.items())
async def test_each_address_is_for_its_own_people_alone(stage: Stage, subject: str, role: str) -> None:
    browser = stage.browser()
    await (browser.sign_in(subject) if subject else browser.go("/signed-out"))
    stage.gateway.asked.clear()
    for place in (each for each in PLACES if each.roles and role not in each.roles and not each.silence):
        for route in place.router.routes:
            assert isinstance(route, APIRoute)
            path, method = re.sub(r"\{\w+\}", "x", route.path), "".join(route.methods or ())
            if method != "GET" or not FOR_ALL.fullmatch(path):
                answer = await browser.client.request(method, f"{HOME}{path}", headers={"Origin": HOME})
                assert answer.status_code == (403 if subject else 303), (method, path)
    assert stage.gateway.asked == []


async def test_nobody_is_called_by_an_account_who_has_no_name(stage: Stage) -> None:
    browser = stage.browser("en")
    await browser.sign_in("clerk-lin")
    assert "林晓敏" in browser.page.text
    [secret] = stage.store["person-sessions"].documents
    frame = stage.app.state.frame
    session = await frame.sessions.find(browser.client.cookies[cookies.SESSION])
    nameless = session.model_copy(update={"person": session.person.model_copy(update={"name": ""})})
    await frame.sessions.kept.put(browser.client.cookies[cookies.SESSION], nameless, session.ends_at)
    page = await browser.go("/my/applications")
    assert secret in stage.store["person-sessions"].documents
    assert page.status_code == 403
    assert "clerk-lin" not in page.text
    assert "a window clerk" in page.text


async def test_an_operator_is_signed_in_on_the_operators_pages_by_a_link_of_ours(stage: Stage) -> None:
    browser = stage.browser("en")
    page = await browser.sign_in("operator-bai")
    assert "Go to operations" in page.text
    onward = await browser.client.get(f"{HOME}/sign-in?next=/operations/audit?by=x")
    assert onward.headers["location"] == "/operations/audit?by=x"
    [kept] = [each for each in onward.headers.get_list("set-cookie") if each.startswith("yizheng-operator=")]
    assert all(part in kept for part in ("Path=/operations/", "HttpOnly", "Secure", "SameSite=strict"))
    assert 0 < int(kept.partition("Max-Age=")[2].partition(";")[0]) <= 900
    token = kept.partition("=")[2].partition(";")[0]
    [session] = [await stage.app.state.frame.sessions.find(browser.client.cookies[cookies.SESSION])]
    handed, _, proof = token.partition("~")
    assert handed == session.tokens.access
    proven = check(proof, bound_to(handed), Call("GET", f"{HOME}/operations/", handed))
    assert proven.key == stage.app.state.frame.own_key.thumbprint
    home = await browser.go("/")
    assert 'href="/sign-in?next=%2Foperations%2F"' in home.text
    left = await browser.client.post(
        f"{HOME}/sign-out", data=browser.hidden(), headers={"Origin": HOME}, follow_redirects=False
    )
    assert any(each.startswith('yizheng-operator="";') for each in left.headers.get_list("set-cookie"))


@pytest.mark.parametrize(("subject", "to"), [("clerk-lin", "/operations/"), ("operator-bai", "/hall/")])
async def test_nobody_else_and_no_other_page_is_given_a_token(stage: Stage, subject: str, to: str) -> None:
    browser = stage.browser()
    await browser.sign_in(subject)
    onward = await browser.client.get(f"{HOME}/sign-in?next={to}")
    assert onward.headers["location"] == to
    assert "yizheng-operator" not in str(onward.headers.get_list("set-cookie"))
