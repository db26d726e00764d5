"""The terminal over a gateway that says what a test wants: its key, the card, and that nothing of a visit stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from local_stack.devices import Device
from local_stack.keys import ensure_keys
from local_stack.tokens import sign
from services.portal.tests import district
from services.portal.tests.district import APP, APPLICATION, EVIL
from services.portal.tests.stage import HOME, Stage
from services.portal.tests.test_window_pages import CARD, harmless
from services.portal.tests.test_window_visits import STANDING
from web.proof import BadProofError, Call, PossessionProof, check

FULL = {**CARD, "valid_until": None}
IN_AN_HOUR = "2099-01-01T00:00:00Z"
TIMED: dict[str, Any] = {**STANDING, "ends_at": IN_AN_HOUR}
PAGES = [
    "/terminal/home",
    "/terminal/items",
    "/terminal/items?q=x&ward=res_child",
    "/terminal/items/residence-permit?ward=res_child",
    "/terminal/applications/app_1/questions/address",
    "/terminal/applications/app_1/evidence",
    "/terminal/applications/app_1/check",
    "/terminal/applications/app_1/receipt",
]


class Kiosk:
    """A terminal's agent and browser."""

    def __init__(self, stage: Stage, keys: Path, language: str = "zh-CN") -> None:
        self.stage, self.browser = stage, stage.browser(language)
        self.device = Device(keys, "terminal-1")
        self.token = sign(keys, "terminal", subject="terminal-1", communities=["440309002002"])
        self.bound_to: str = jwt.decode(self.token, options={"verify_signature": False})["cnf"]["jkt"]

    async def put(self, card: dict[str, Any] = FULL, **other: str) -> httpx2.Response:
        """Put a card on and begin."""
        page = await self.browser.go("/terminal/")
        return await self.browser.send("/terminal/visits", card=self.reading(page, card, **other))

    def reading(self, page: httpx2.Response, card: dict[str, Any], **other: str) -> str:
        """Hand over what the agent does."""
        key = page.text.split("/visit?key=")[1].split('"')[0]
        given = {"token": self.token, "delegation": self.device.delegation(self.token, key)}
        return json.dumps({"card": card, **given, **other})

    def proofs(self) -> list[PossessionProof]:
        """Check the proof of every call that was made with a token, as the services do."""
        asked = [each for each in self.stage.gateway.asked if "authorization" in each.headers]
        assert {each.headers["authorization"] for each in asked} == {f"DPoP {self.token}"}
        calls = [(each.headers["dpop"], Call(each.method, str(each.url), self.token)) for each in asked]
        return [check(proof, self.bound_to, call) for proof, call in calls]


@pytest.fixture
def kiosk(stage: Stage, tmp_path: Path) -> Kiosk:
    stage.gateway.answers |= district.answers()
    stage.gateway.answers |= {
        "POST /v1/presences": TIMED,
        "GET /v1/presences/prs_1": TIMED,
        "POST /v1/presences/prs_1/end": {},
        "POST /v1/residents": {},
        "POST /v1/applications": APPLICATION,
        f"PATCH {APP}": APPLICATION,
        f"POST {APP}/submission": APPLICATION,
    }
    ensure_keys(tmp_path / "terminal")
    return Kiosk(stage, tmp_path / "terminal")


def sessions(stage: Stage) -> int:
    return len(stage.store["person-sessions"].documents)


async def test_the_card_begins_a_visit_under_the_terminals_key(stage: Stage, kiosk: Kiosk) -> None:
    page = await kiosk.put()
    assert page.url.path == "/terminal/home"
    assert harmless(page)
    assert stage.gateway.bodies("POST /v1/presences") == [FULL]
    for path in PAGES:
        page = await kiosk.browser.go(path)
        assert (page.status_code, page.url.path) == (200, path.partition("?")[0])
        assert harmless(page)
        assert "/my/" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert "terminal-1" not in page.text
    proofs = kiosk.proofs()
    assert {each.is_delegated for each in proofs} == {True}
    assert len({(each.id, each.counter) for each in proofs}) == 1
    own = [each for each in stage.gateway.asked if each.url.path.startswith(("/v1/applications", "/v1/evidence"))]
    assert {each.headers["presence"] for each in own} == {"prs_1"}


async def test_another_visits_delegation_proves_nothing(stage: Stage, kiosk: Kiosk) -> None:
    first = await kiosk.browser.go("/terminal/")
    old = kiosk.reading(first, FULL)
    await kiosk.browser.go("/terminal/")
    await kiosk.browser.send("/terminal/visits", card=old)
    with pytest.raises(BadProofError):
        kiosk.proofs()


async def test_without_a_card_nothing_is_there(stage: Stage, kiosk: Kiosk) -> None:
    for path in [*PAGES, "/terminal/applications/app_1"]:
        page = await kiosk.browser.go(path)
        assert page.url.path == "/terminal/"
    assert all("authorization" not in each.headers for each in stage.gateway.asked)
    for text in ("", "{", json.dumps({"card": FULL, "token": "x", "delegation": "y"})):
        page = await kiosk.browser.go("/terminal/")
        page = await kiosk.browser.send("/terminal/visits", card=text)
        assert page.status_code == 422
    assert sessions(stage) == 0


@pytest.mark.parametrize("way", ["tap", "silence", "the next card"])
async def test_the_next_person_finds_nothing_of_the_one_before(stage: Stage, kiosk: Kiosk, way: str) -> None:
    await kiosk.put()
    form = await kiosk.browser.go("/terminal/applications/app_1/questions/address")
    before = dict(kiosk.browser.client.cookies)
    if way == "tap":
        page = await kiosk.browser.go("/terminal/end")
        assert (page.url.path, page.status_code) == ("/terminal/", 200)
        assert stage.gateway.asked[-1].url.path == "/v1/presences/prs_1/end"
    elif way == "silence":
        stage.clock.pass_by(seconds=61)
    else:
        stage.gateway.answers["POST /v1/presences"] = {**TIMED, "presence_id": "prs_2"}
        await kiosk.browser.go("/terminal/end")
        await kiosk.put()
    for path in PAGES if way != "the next card" else ():
        page = await kiosk.browser.go(path)
        assert page.url.path == "/terminal/", path
        assert "火星路" not in page.text
    kiosk.browser.page = form  # the back button, and what was typed there
    page = await kiosk.browser.send(address="火星路1号")
    assert page.url.path in {"/terminal/", "/terminal/home"}
    assert "火星路" not in page.text
    assert stage.store["kept-forms"].documents == {}
    assert stage.gateway.bodies(f"PATCH {APP}") == []
    kiosk.browser.client.cookies.clear()
    kiosk.browser.client.cookies.update(before)
    page = await kiosk.browser.go("/terminal/home")  # with the cookies of the visit that was
    assert page.url.path == "/terminal/"


async def test_each_request_breaks_the_silence_and_typing_does(stage: Stage, kiosk: Kiosk) -> None:
    page = await kiosk.put()
    assert 'http-equiv="refresh" content="60; url=/terminal/end"' in page.text
    for _ in range(3):
        stage.clock.pass_by(seconds=50)
        assert (await kiosk.browser.client.get(f"{HOME}/terminal/here")).status_code == 204
    stage.clock.pass_by(seconds=61)
    assert (await kiosk.browser.client.get(f"{HOME}/terminal/here")).status_code == 410


async def test_who_is_not_registered_registers_with_the_same_card(stage: Stage, kiosk: Kiosk) -> None:
    said = {"status": 404, "code": "presence-not-registered", "title": "x"}
    stage.gateway.answers["POST /v1/presences"] = lambda _: httpx2.Response(404, json=said)
    page = await kiosk.put()
    assert "/terminal/registrations" in page.text
    assert sessions(stage) == 0
    stage.gateway.answers["POST /v1/presences"] = TIMED
    page = await kiosk.browser.send("/terminal/registrations")
    assert page.url.path == "/terminal/home"
    [sent] = stage.gateway.bodies("POST /v1/residents")
    assert sent == {**FULL, "channel": "terminal", "community": "440309002002"}
    assert {each.is_delegated for each in kiosk.proofs()} == {True}


@pytest.mark.parametrize("status", [401, 403, 422, 503])
async def test_what_is_wrong_with_a_card_or_a_terminal_is_said_and_no_visit_begins(
    stage: Stage, kiosk: Kiosk, status: int
) -> None:
    fault = {"pointer": "#/number", "code": "x", "detail": EVIL, "action": "y"}
    said = {"status": status, "code": "x", "title": "x", "errors": [fault]}
    stage.gateway.answers["POST /v1/presences"] = lambda _: httpx2.Response(status, json=said)
    page = await kiosk.put()
    assert page.status_code in {403, 422, 503}
    assert harmless(page)
    assert "<title>" in page.text
    assert sessions(stage) == 0


async def test_what_two_people_sign_for_comes_last_and_says_where(stage: Stage, kiosk: Kiosk) -> None:
    await kiosk.put()
    [judged] = stage.gateway.answers["GET /v1/eligibility"]["items"]
    contract = {**judged, "item": {"code": "residence-permit", "name": "租赁合同"}, "second_party": "出租人"}
    stage.gateway.answers["GET /v1/eligibility"] = {"items": [contract, judged]}
    for path, times in (("/terminal/home", 1), ("/terminal/items", 1), ("/terminal/items?q=x", 2)):
        page = await kiosk.browser.go(path)
        first, *_ = page.text.rpartition("<h2")[2].split("<li")[1:]
        assert "不能在这里代办" not in first
        assert page.text.count("出租人和申请人各自用自己的手机登录确认") == times


async def test_everything_held_is_applied_for_and_nothing_is_to_be_handed_in(stage: Stage, kiosk: Kiosk) -> None:
    await kiosk.put()
    stage.gateway.answers["GET /v1/items/residence-permit"] = {**district.ITEM, "second_party": None}
    await kiosk.browser.go("/terminal/items/residence-permit?ward=res_child")
    page = await kiosk.browser.send("/terminal/items/residence-permit/application")
    assert page.url.path.startswith("/terminal/applications/app_1/questions/")
    answered = dict.fromkeys((each["key"] for each in district.ITEM["form"]), "x")
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "form": answered}
    page = await kiosk.browser.go("/terminal/applications/app_1/next?after=evidence")
    assert page.url.path == "/terminal/applications/app_1/check"
    assert "/documents/" not in page.text
    stage.gateway.answers[f"GET {APP}"] = {**APPLICATION, "state": "in-progress"}
    page = await kiosk.browser.send("/terminal/applications/app_1/submission")
    assert page.url.path == "/terminal/applications/app_1"
    assert "/terminal/applications/app_1/receipt" in page.text
