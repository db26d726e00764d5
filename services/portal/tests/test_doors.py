"""The doors' pages over a gateway that says what a test wants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from portal.doors import today as doors_of_today
from services.portal.tests.district import EVIL
from services.portal.tests.stage import HOME, Browser, Stage

NOW = datetime.now(UTC)
TASK = "/v1/tasks/task_1"
DOOR = "/doors/tasks/task_1"
REASONS = {
    "approval": [{"code": "lives-here", "text": "本人在此居住"}],
    "rejection": [{"code": "no-such-address", "text": f"没有找到{EVIL}"}],
    "return": [],
}
SLOT = {"begins": NOW.isoformat(), "text": "今天 14:00"}
VISIT = {"state": "proposed", "text": f"申请人另提{EVIL}", "slot": SLOT, "offered": [SLOT]}
ROW = {
    "task_id": "task_1",
    "version": 3,
    "applicant_name": f"李{EVIL}",
    "address": f"民乐新村3栋502'{EVIL}",
    "due_text": "12月1日",
    "overdue": True,
    "visit": {**VISIT, "state": "agreed"},
    "photographs": 2,
}
DOORS: dict[str, Any] = {
    "buildings": [{"name": f"3栋{EVIL}", "community_name": "民乐", "doors": [ROW]}],
    "standard_reasons": REASONS,
}
QUEUE = {"kind": {"code": "field-check", "name": "上门"}, "community": {"code": "c", "name": "民乐"}, "free": 7}
PICTURE = {"photograph_id": "photo_1", "size": 9, "uploaded_at": NOW.isoformat()}
STEP = {"at": NOW.isoformat(), "action": {"code": "x", "name": "备注"}, "by": "grid-ou", "note": EVIL}


def task(**about: object) -> dict[str, Any]:
    return {
        "task_id": "task_1",
        "version": 3,
        "kind": {"code": "field-check", "name": "上门核实"},
        "status": {"code": "claimed", "name": "办理中"},
        "community": {"code": "c", "name": "民乐"},
        "due_text": "12月1日",
        "overdue": False,
        "claimed_by": "grid-ou",
        "visit": VISIT,
        "door": {"applicant_name": f"李{EVIL}", "address": f"3栋502{EVIL}"},
        "standard_reasons": REASONS,
        "photographs": [PICTURE],
        "steps": [{**STEP, "standard_reason": None}],
        **about,
    }


CHANGED = re.compile("内容已有变化|This has changed meanwhile")


def answer(body: dict[str, Any]) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, json=body, headers={"ETag": f'"{body["version"]}"'})


def refusal(status: int, code: str, *errors: dict[str, str]) -> httpx2.Response:
    problem = {"status": status, "code": code, "title": "已有变化", "detail": f"另一人{EVIL}", "errors": list(errors)}
    return httpx2.Response(status, json=problem)


@pytest.fixture(params=["zh-CN", "en"])
async def officer(stage: Stage, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr(doors_of_today, "utc_now", lambda: NOW)  # also when the tests run past midnight
    stage.gateway.answers |= {
        "GET /v1/tasks/doors": DOORS,
        "GET /v1/tasks/queues": {"queues": [{**QUEUE, "next_due_on": "2026-12-01"}]},
        f"GET {TASK}": answer(task()),
        f"POST {TASK}/photographs": photographed(),
        **{f"POST {TASK}/{deed}": task() for deed in ("claim", "release", "slots", "notes", "approval", "rejection")},
        **{f"POST {TASK}/{deed}": task() for deed in ("visit-acceptance", "visit-refusal")},
        f"DELETE {TASK}/photographs/photo_1": task(),
        f"GET {TASK}/photographs/photo_1": lambda _: httpx2.Response(
            200, content=b"\xff\xd8", headers={"content-type": "image/jpeg"}
        ),
    }
    browser = stage.browser(request.param)
    await browser.sign_in("grid-ou")
    return browser


def photographed() -> Callable[[httpx2.Request], httpx2.Response]:
    """Take photographs: each makes the task one version newer."""

    def take(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(201, json={"version": int(request.headers["if-match"].strip('"')) + 1})

    return take


def sent(stage: Stage, path: str) -> list[tuple[str, str]]:
    """Return under which number and on which version something was asked for."""
    found = [each for each in stage.gateway.asked if each.method == "POST" and each.url.path == path]
    return [(each.headers.get("idempotency-key", ""), each.headers.get("if-match", "")) for each in found]


async def as_phone(browser: Browser, path: str, *pictures: bytes, **fields: str) -> httpx2.Response:
    """Send what a phone sends: the same fields, asking for JSON."""
    device = (await browser.client.get(f"{HOME}/doors/device?device=phone-1")).json()
    files = [("photographs", ("door.jpg", each, "image/jpeg")) for each in pictures]
    return await browser.client.post(
        f"{HOME}{path}",
        data={"form-token": device.get("token", ""), **fields},
        files=files or None,
        headers={"Origin": HOME, "Accept": "application/json"},
    )


async def test_an_officer_begins_with_todays_doors_by_building(officer: Browser) -> None:
    page = officer.page
    assert str(page.url) == f"{HOME}/doors/"
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    [kept] = re.findall(r"data-door='([^']*)'", page.text)
    door = json.loads(kept)
    assert (door["task"], door["version"], door["address"]) == ("task_1", '"3"', ROW["address"])
    assert 'id="agreed"' in page.text
    assert page.headers["content-security-policy"].count("worker-src 'self'") == 1


async def test_doors_are_taken_until_a_colleague_is_quicker(stage: Stage, officer: Browser) -> None:
    free = [{"task_id": f"task_{number}", "claimed_by": None} for number in range(1, 15)]
    stage.gateway.answers |= {
        "GET /v1/tasks": {"items": free},
        **{f"POST /v1/tasks/task_{n}/claim": task() for n in range(1, 15)},
    }
    stage.gateway.answers["POST /v1/tasks/task_2/claim"] = lambda _: refusal(409, "task-claimed-by-another")
    await officer.send("/doors/take", many="one")
    assert [len(sent(stage, f"/v1/tasks/task_{number}/claim")) for number in (1, 2, 3)] == [1, 0, 0]
    page = await officer.send("/doors/take", many="round")
    assert [len(sent(stage, f"/v1/tasks/task_{number}/claim")) for number in (1, 2, 11, 12)] == [2, 1, 1, 0]
    assert page.url.params["done"] == "taken"
    stage.gateway.answers["GET /v1/tasks"] = {"items": []}
    assert (await officer.send("/doors/take", many="one")).url.params["done"] == "none-free"


async def test_a_visit_is_recorded_with_its_photographs_each_once_on_what_was_seen(
    stage: Stage, officer: Browser
) -> None:
    for _ in range(2):  # the answer to the first was lost
        page = await as_phone(
            officer, f"{DOOR}/visit", b"one", b"two", result="approval:lives-here", version='"3"', **{"form-once": "n"}
        )
        assert page.json() == {"done": "approval"}
    assert sent(stage, f"{TASK}/photographs") == [("n-0", '"3"'), ("n-1", '"4"')] * 2
    assert sent(stage, f"{TASK}/approval") == [("n", '"5"')] * 2
    assert stage.gateway.bodies(f"POST {TASK}/approval") == [{"standard_reason": "lives-here"}] * 2
    page = await as_phone(officer, f"{DOOR}/photographs", b"three", version='"3"', **{"form-once": "p"})
    assert page.json() == {"version": '"4"'}


@pytest.mark.parametrize(
    ("fields", "path", "body"),
    [
        (
            {"result": "rejection:no-such-address", "note": "路口"},
            "rejection",
            {"standard_reason": "no-such-address", "reason": "路口"},
        ),
        ({"result": "rejection:", "note": "空房"}, "rejection", {"reason": "空房"}),
        ({"result": "approval:", "note": "房东在场"}, "approval", {"note": "房东在场"}),
        ({"result": "notes:", "note": "没人"}, "notes", {"text": "没人"}),
    ],
)
async def test_what_was_found_becomes_what_the_interface_takes(
    stage: Stage, officer: Browser, fields: dict[str, str], path: str, body: object
) -> None:
    await officer.go(DOOR)
    page = await officer.send(f"{DOOR}/visit", **fields)
    assert stage.gateway.bodies(f"POST {TASK}/{path}") == [body]
    [(once, version)] = sent(stage, f"{TASK}/{path}")
    assert (len(once) > 20, version) == (True, '"3"')
    assert page.url.params["done"] == path


@pytest.mark.parametrize(
    "at", ["", "yesterday", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "2026-01-01T10:00"]
)
async def test_when_a_phone_recorded_it_is_said_where_it_can_be_believed(
    stage: Stage, officer: Browser, at: str
) -> None:
    fields = {"result": "approval:lives-here", "version": '"3"'}
    await as_phone(officer, f"{DOOR}/visit", recorded_at=at, **fields)
    hour_ago = (NOW - timedelta(hours=1)).isoformat()
    await as_phone(officer, f"{DOOR}/visit", recorded_at=hour_ago, note="门口", **fields)
    first, second = stage.gateway.bodies(f"POST {TASK}/approval")
    assert first == {"standard_reason": "lives-here"}
    assert re.fullmatch(r"门口\n现场记录时间：\d{4}年\d+月\d+日 ?\d\d:\d\d", second["note"])


@pytest.mark.parametrize(
    ("fields", "field"), [({}, "result"), ({"result": "x:y"}, "result"), ({"result": "notes:", "note": " "}, "note")]
)
async def test_what_is_missing_is_said_beside_its_field_and_nothing_is_sent(
    stage: Stage, officer: Browser, fields: dict[str, str], field: str
) -> None:
    await officer.go(DOOR)
    page = await officer.send(f"{DOOR}/visit", **fields)
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert not [each for each in stage.gateway.asked if each.method == "POST"]


async def test_what_changed_meanwhile_is_shown_and_what_was_typed_stays(stage: Stage, officer: Browser) -> None:
    stage.gateway.answers[f"POST {TASK}/rejection"] = lambda _: refusal(412, "stale-version")
    fields = {"result": "rejection:no-such-address", "note": f"我写的{EVIL}"}
    await officer.go(DOOR)
    stage.gateway.answers[f"GET {TASK}"] = answer(task(version=4))
    page = await officer.send(f"{DOOR}/visit", **fields)
    assert page.status_code == 412
    assert CHANGED.search(page.text)
    assert "我写的&lt;script&gt;" in page.text
    assert 'value="rejection:no-such-address" checked' in page.text
    assert "<script>alert" not in page.text
    told = await as_phone(officer, f"{DOOR}/visit", version='"3"', **fields)
    assert (told.status_code, bool(CHANGED.match(told.json()["problem"]))) == (412, True)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"status": {"code": "approved", "name": "X-APPROVED"}, "claimed_by": None}, "X-APPROVED"),
        ({"claimed_by": "grid-xie"}, "grid-xie"),
        ({"status": {"code": "cancelled", "name": "X"}, "claimed_by": None}, ""),
    ],
    ids=["decided", "taken", "cancelled"],
)
async def test_a_door_that_a_colleague_has_meanwhile_says_so_and_what_was_written_is_not_lost(
    stage: Stage, officer: Browser, now: dict[str, Any], said: str
) -> None:
    await officer.go(DOOR)
    fields = {"result": "approval:lives-here", "note": f"我写的{EVIL}"}
    stage.gateway.answers[f"POST {TASK}/approval"] = lambda _: refusal(412, "stale-version")
    stage.gateway.answers[f"GET {TASK}"] = answer(task(version=4, **now))
    page = await officer.send(f"{DOOR}/visit", **fields)
    assert page.status_code == 412
    assert "我写的&lt;script&gt;" in page.text
    assert 'id="note"' not in page.text
    told = await as_phone(officer, f"{DOOR}/visit", version='"3"', **fields)
    for text in (page.text, told.json()["problem"]):
        assert said in text
        assert not CHANGED.search(text)


async def test_a_photograph_that_is_refused_stops_the_visit(stage: Stage, officer: Browser) -> None:
    fault = {"pointer": "#/file", "code": "scan-media-type", "detail": "不是图片"}
    stage.gateway.answers[f"POST {TASK}/photographs"] = lambda _: refusal(415, "scan-media-type", fault)
    fields = {"result": "approval:lives-here", "version": '"3"'}
    told = await as_phone(officer, f"{DOOR}/visit", b"text", **fields)
    assert (told.status_code, "不是图片" in told.json()["problem"]) == (415, True)
    assert sent(stage, f"{TASK}/approval") == []
    stage.gateway.answers[f"POST {TASK}/photographs"] = 503
    assert (await as_phone(officer, f"{DOOR}/visit", b"text", **fields)).status_code == 503


async def test_times_are_offered_agreed_on_and_called_off(stage: Stage, officer: Browser) -> None:
    await officer.go(DOOR)
    page = await officer.send(f"{DOOR}/slots", **{"begins-2": "14:00", "ends-2": "x"})
    assert page.status_code == 422
    assert all(f'id="{name}-error"' in page.text for name in ("date-2", "ends-2"))
    assert 'value="14:00"' in page.text
    row = {"date-2": "2026-12-01", "begins-2": "14:00", "ends-2": "16:00"}
    page = await officer.send(f"{DOOR}/slots", **row)
    slot = {"begins": "2026-12-01T14:00:00+08:00", "ends": "2026-12-01T16:00:00+08:00"}
    assert stage.gateway.bodies(f"POST {TASK}/slots") == [{"slots": [slot]}]
    fault = {"pointer": "#/slots/0/ends", "code": "x", "detail": "太长"}
    stage.gateway.answers[f"POST {TASK}/slots"] = lambda _: refusal(422, "invalid-input", fault)
    page = await officer.send(f"{DOOR}/slots", **row)
    assert 'id="ends-2-error"' in page.text
    await officer.go(DOOR)
    await officer.send(f"{DOOR}/acceptance")
    await officer.send(f"{DOOR}/refusal", **{"refusal-reason": "临时有事"})
    assert stage.gateway.bodies(f"POST {TASK}/visit-refusal") == [{"reason": "临时有事"}]
    assert [version for _, version in sent(stage, f"{TASK}/visit-acceptance")] == ['"3"']


async def test_a_photograph_is_shown_and_taken_back(stage: Stage, officer: Browser) -> None:
    shown = await officer.go(f"{DOOR}/photographs/photo_1")
    assert (shown.headers["content-type"], shown.headers["cache-control"]) == ("image/jpeg", "no-store")
    await officer.go(DOOR)
    page = await officer.send(f"{DOOR}/photographs/photo_1/removal")
    assert page.url.params["done"] == "photograph-removed"
    assert [each.headers["if-match"] for each in stage.gateway.asked if each.method == "DELETE"] == ['"3"']


async def test_a_door_in_another_hand_says_nothing_and_offers_nothing(stage: Stage, officer: Browser) -> None:
    hidden = {"applicant_name": None, "address": None}
    stage.gateway.answers[f"GET {TASK}"] = answer(task(claimed_by="grid-xie", door=hidden, photographs=[], visit=None))
    page = await officer.go(DOOR)
    assert page.status_code == 200
    assert f"{DOOR}/visit" not in page.text
    stage.gateway.answers[f"GET {TASK}"] = answer(task(kind={"code": "review", "name": "复核"}))
    assert (await officer.go(DOOR)).status_code == 404


async def test_a_phone_gets_one_key_for_an_officer_on_it_and_none_without_a_sign_in(stage: Stage) -> None:
    async def device(subject: str, name: str) -> dict[str, str]:
        browser = stage.browser()
        if subject:
            await browser.sign_in(subject)
        found: dict[str, str] = (await browser.client.get(f"{HOME}/doors/device?device={name}")).json()
        return found

    first, again = await device("grid-ou", "a"), await device("grid-ou", "a")
    assert len(bytes.fromhex(first["key"])) == 32
    assert (first["owner"], first["key"]) == (again["owner"], again["key"])
    assert first["token"] != again["token"]
    assert datetime.fromisoformat(first["until"]) > NOW
    others = [await device("grid-ou", "b"), await device("grid-xie", "a")]
    assert len({first["key"], *(each["key"] for each in others)}) == 3
    assert others[1]["owner"] != first["owner"]
    assert [await device(subject, "a") for subject in ("", "clerk-lin", "res_ann")] == [{"owner": ""}] * 3


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_what_a_phone_keeps_for_everybody_names_nobody(stage: Stage, language: str) -> None:
    browser = stage.browser()
    page = await browser.go(f"/doors/offline?language={language}")
    assert f'<html lang="{language}"' in page.text
    assert "sign-out" not in page.text
    worker = await browser.go("/doors/worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "connect-src 'self'" in worker.headers["content-security-policy"]
    manifest = await browser.go("/doors/manifest.webmanifest")
    assert manifest.json()["scope"] == "/doors/"
    assert stage.gateway.asked == []


async def test_without_a_sign_in_a_phone_is_led_away_and_nothing_is_kept_here(stage: Stage) -> None:
    browser = stage.browser()
    told = await as_phone(browser, f"{DOOR}/visit", result="approval:lives-here", version='"3"')
    assert told.status_code == 303
    assert stage.gateway.asked == []
    assert stage.store["kept-forms"].documents == {}
