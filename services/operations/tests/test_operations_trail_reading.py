"""The trail of a case as operators read it: over HTTP in three forms, masked, with dead letters and what was done."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bus.envelope import EncodedEvent
from local_stack import tokens
from local_stack.devices import ProvingAuth
from operations.api.content_negotiation import NotAcceptable, chosen
from operations.domain.trail import place_of
from operations.handlers import trails
from runtime.clock import utc_now
from runtime.errors import Refusal
from services.operations.tests.workshop import Mood, Operations, Place, fail, operations, place, shop
from shared.bus.tests.harness import Placed, eventually, ledger_of, order, stock_of
from store.repository import Database
from testkit.fixtures import StackAddresses

FORMS = ("application/json", "text/plain", "image/svg+xml")
CASE = "app/1 李"


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator's desk: operations, a browser, and what failed before the operator came."""

    ops: Operations
    http: httpx.AsyncClient
    failed: EncodedEvent
    handled: EncodedEvent


@pytest.fixture
async def desk(infrastructure: StackAddresses, database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    """One case in which the second of two orders failed."""
    mood = Mood()
    async with (
        place(infrastructure, database, tmp_path) as here,
        shop(here, mood) as running,
        operations(here) as ops,
        client(here, ops) as http,
    ):
        handled, failed = order(1, CASE, note="王小明"), order(2, CASE, note="李育成")
        await running.place([handled])
        await eventually(lambda: running.has_counted([1]))  # or it would fail as well
        await fail(ops, running, mood, [failed])
        await seen(ops, handled, failed)
        yield Desk(ops, http, failed, handled)


def client(here: Place, ops: Operations) -> httpx.AsyncClient:
    token = tokens.sign(here.folder, "operator", subject="op-ann")
    transport = httpx.ASGITransport(ops.app)
    return httpx.AsyncClient(
        transport=transport,
        base_url="http://operations",
        headers={"Authorization": f"Bearer {token}"},
        auth=ProvingAuth(here.folder),
    )


async def seen(ops: Operations, *events: EncodedEvent) -> None:
    """Wait until the trail has these."""

    async def there() -> bool:
        return len(await ops.deps.trail.named([each.id for each in events])) == len(events)

    await eventually(there)


async def test_a_case_is_told_with_its_dead_letter_masked(desk: Desk) -> None:
    answer = await desk.http.get(f"/v1/trails/{CASE}")
    assert answer.status_code == 200
    told = answer.json()
    by_id = {step["id"]: step for step in told["steps"]}
    event = by_id[desk.failed.id]
    assert event["acted_on_by"] == [stock_of(desk.ops.place.topology)]
    assert event["data"] == {"number": 2, "note": "•••"}
    failure = next(step for step in told["steps"] if step["kind"] == "failure")
    assert failure["cause"]["number"] == event["number"] < failure["number"]
    assert failure["name"] == "handler-failed"
    assert (told["failures"], told["complete"]) == (1, True)
    assert "李育成" not in answer.text
    assert "王小明" not in answer.text


async def test_a_caller_gets_the_form_and_the_language_that_it_asks_for(desk: Desk) -> None:
    text = await desk.http.get(f"/v1/trails/{CASE}", headers={"Accept": "text/plain", "Accept-Language": "en"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Dead letter: the handler failed" in text.text
    picture = await desk.http.get(f"/v1/trails/{CASE}", headers={"Accept": "image/svg+xml", "Accept-Language": "zh-CN"})
    assert picture.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "死信：处理出错" in ET.tostring(ET.fromstring(picture.content), encoding="unicode")  # noqa: S314 - ours
    refused = await desk.http.get(f"/v1/trails/{CASE}", headers={"Accept": "application/pdf"})
    assert (refused.status_code, refused.json()["code"]) == (406, "not-acceptable")


async def test_a_look_in_clear_needs_a_reason_and_is_part_of_the_trail_then(desk: Desk) -> None:
    refused = await desk.http.post(f"/v1/trails/{CASE}/disclosures", json={"reason": " "})
    assert (refused.status_code, refused.json()["code"]) == (422, "reason-missing")
    shown = await desk.http.post(f"/v1/trails/{CASE}/disclosures", json={"reason": "INC-7"})
    assert "李育成" in shown.text
    steps = (await desk.http.get(f"/v1/trails/{CASE}")).json()["steps"]
    assert [(s["name"], s["actor"]["name"], s["facts"]["why"]) for s in steps if s["kind"] == "action"] == [
        ("trail-disclosed", "op-ann", "INC-7")
    ]


async def test_what_operators_did_to_a_dead_letter_follows_it(desk: Desk) -> None:
    failure = (await desk.ops.failures("open"))[0]
    await desk.http.post(f"/v1/failures/{failure.id}/discard", json={"reason": "a test order"})
    replay = await desk.http.get(f"/v1/trails/{CASE}")
    actions = [step for step in replay.json()["steps"] if step["kind"] == "action"]
    number = next(step["number"] for step in replay.json()["steps"] if step["id"] == failure.id)
    assert [(step["name"], step["cause"]["number"]) for step in actions] == [("failure-discarded", number)]


async def test_an_unknown_case_and_a_stranger_are_refused(desk: Desk) -> None:
    unknown = await desk.http.get("/v1/trails/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "case-unknown")
    token = tokens.sign(desk.ops.place.folder, "official")
    for address in ("/v1/trails", f"/v1/trails/{CASE}"):
        refused = await desk.http.get(address, headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 403


async def test_the_newest_events_come_in_pages(desk: Desk) -> None:
    first = (await desk.http.get("/v1/trails", params={"limit": 1, "type": Placed.type})).json()
    second = (
        await desk.http.get("/v1/trails", params={"limit": 5, "type": Placed.type, "cursor": first["next"]})
    ).json()
    assert [each["id"] for each in first["items"] + second["items"]] == [desk.failed.id, desk.handled.id]
    assert second["next"] is None
    assert (await desk.http.get("/v1/trails", params={"publisher": "nobody"})).json()["items"] == []


async def test_only_what_the_topology_brings_to_a_service_is_selected_for_it(desk: Desk) -> None:
    deps, declared = desk.ops.deps, desk.ops.place.topology
    since, until = utc_now() - timedelta(hours=1), utc_now() + timedelta(seconds=1)
    selected = [each async for each in trails.select(stock_of(declared), since, until, (), deps)]
    assert selected == [(each.id, each.body, CASE) for each in (desk.handled, desk.failed)]
    ledger = [id_ async for id_, _, _ in trails.select(ledger_of(declared), since, until, (), deps)]
    assert desk.failed.id not in ledger
    later = (await deps.trail.named([desk.handled.id]))[desk.handled.id].place
    assert place_of(since) < later < place_of(until)
    for service, types in (("nobody", ()), (stock_of(declared), ("shop.never.v1",))):
        with pytest.raises(Refusal):
            [each async for each in trails.select(service, since, until, types, deps)]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/plain"),
        ("text/html, image/*;q=0.5, */*;q=0.1", "image/svg+xml"),
        ("application/json;q=0, */*", "text/plain"),
        ("TEXT/PLAIN;q=0.2, image/svg+xml;q=0.9", "image/svg+xml"),
    ],
)
def test_an_accept_header_chooses_by_its_weights(accept: str | None, form: str) -> None:
    assert chosen(accept, FORMS) == form


@pytest.mark.parametrize("accept", ["application/pdf", "*/*;q=0", "text/plain;q=nonsense"])
def test_an_accept_header_may_leave_nothing(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(accept, FORMS)
