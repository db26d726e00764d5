"""Operators over HTTP: find, read, disclose, discard, take back, note, and read the record; with every refusal."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.devices import ProvingAuth
from local_stack.keys import ensure_keys
from local_stack.tokens import sign
from operations import subscriptions
from operations.config import Settings
from operations.handlers import dead_letters
from operations.handlers.dependencies import Deps
from operations.main import create_app
from services.operations.tests.letterbox import example, raw
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses
from web.service_runtime import ServiceRuntime

NEVER = "f" + "0" * 31
Json = dict[str, Any]


@dataclass
class Counter:
    """Operations as operators call it."""

    client: httpx.AsyncClient
    runtime: ServiceRuntime
    deps: Deps
    keys: Path

    async def fails(self, *events: Json, occurrence: str = "a") -> list[str]:
        """Let events fail; return their failures."""
        batch = [raw(event, f"{occurrence}{n}", message="no 李育成 here") for n, event in enumerate(events)]
        await self.runtime.commit(await dead_letters.take(batch, self.deps))
        return [dead_letters.letter_of(each, self.deps.clock(), signers.CIPHER).failure for each in batch]

    async def calls(
        self, method: str, path: str, body: object = None, *, by: str = "op-1", role: str = "operator", **headers: str
    ) -> httpx.Response:
        """Call a route."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        told["Authorization"] = f"Bearer {sign(self.keys, role, subject=by)}"
        return await self.client.request(method, f"/v1{path}", json=body, headers=told, auth=ProvingAuth(self.keys))

    async def gets(self, path: str) -> Json:
        """Read something that is there."""
        answer = await self.calls("GET", path)
        assert answer.status_code == HTTPStatus.OK, answer.text
        found: Json = answer.json()
        return found


@pytest.fixture
async def counter(
    infrastructure: StackAddresses, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    ensure_keys(tmp_path)
    monkeypatch.setenv("AMQP_URL", infrastructure.amqp)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("OPERATIONS_DATABASE", database.name)
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("YIZHENG_JWKS", str(tmp_path / "jwks.json"))
    monkeypatch.setattr(subscriptions, "background", lambda _runtime, _deps: ())
    app = create_app(Settings())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://operations") as client,
    ):
        yield Counter(client, app.state.runtime, app.state.deps, tmp_path)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    problem = answer.json()
    assert problem["title"]
    assert problem["detail"]
    assert problem["action"]
    return answer.status_code, str(problem["code"])


async def test_a_failure_is_found_read_masked_and_looked_at_in_clear(counter: Counter) -> None:
    (id_,) = await counter.fails(example())
    listed = await counter.gets("/failures?service=matcher&field=/data/name=李育成&state=open")
    (summary,) = listed["items"]
    assert (summary["id"], summary["state"], summary["seen"], listed["next"]) == (id_, "open", 1, None)
    assert "李育成" not in json.dumps(listed, ensure_ascii=False)
    answer = await counter.calls("GET", f"/failures/{id_}")
    assert (answer.headers["ETag"], answer.json()["body"]["data"]["name"]) == ('"1"', "•••")
    assert "李育成" not in answer.text
    assert answer.json()["stack"].startswith("Traceback")
    clear = await counter.calls("POST", f"/failures/{id_}/disclosures", {"reason": "INC-1"}, Idempotency_Key="k1")
    assert clear.json()["content"] == example()
    assert await counter.runtime.database["idempotency"].count_documents({}) == 0  # what was seen is not kept
    (entry,) = (await counter.gets(f"/audit-entries?target={id_}"))["items"]
    assert (entry["by"], entry["action"], entry["reason"]) == ("op-1", "failure-disclosed", "INC-1")


async def test_lists_go_on_page_by_page(counter: Counter) -> None:
    ids = await counter.fails(*(example(id=f"event-{n}") for n in range(5)))
    first = await counter.gets("/failures?limit=3")
    second = await counter.gets(f"/failures?limit=3&cursor={first['next']}")
    assert sorted(each["id"] for each in first["items"] + second["items"]) == sorted(ids)
    assert second["next"] is None
    for path in ("failures", "failure-groups", "audit-entries"):
        for cursor in ("bm9uZQ", "W10", "WyJ4IiwieSJd"):
            answer = await counter.calls("GET", f"/{path}?cursor={cursor}")
            assert code_of(answer) == (422, "bad-cursor")


async def test_a_failure_is_put_away_and_taken_back(counter: Counter) -> None:
    (id_,) = await counter.fails(example())
    answer = await counter.calls("POST", f"/failures/{id_}/discard", {"reason": "INC-1"}, If_Match='"1"')
    shown = answer.json()
    assert (answer.status_code, answer.headers["ETag"], shown["version"]) == (200, '"2"', 2)
    assert (shown["state"], shown["discarded"]["by"], shown["discarded"]["reason"]) == ("discarded", "op-1", "INC-1")
    stale = await counter.calls("POST", f"/failures/{id_}/restoration", {}, If_Match='"1"')
    assert code_of(stale) == (412, "stale-version")
    back = await counter.calls("POST", f"/failures/{id_}/restoration", {}, If_Match='"2"')
    assert (back.json()["state"], back.json()["discarded"]) == ("open", None)
    again = await counter.calls("POST", f"/failures/{id_}/restoration", {})
    assert code_of(again) == (409, "failure-not-discarded")


async def test_many_are_put_away_at_once_and_taken_back(counter: Counter) -> None:
    ids = await counter.fails(*(example(id=f"event-{n}") for n in range(4)))
    (group,) = (await counter.gets("/failure-groups?state=open"))["items"]
    assert group["states"] == {"open": 4, "replaying": 0, "resolved": 0, "discarded": 0}
    two = await counter.calls("POST", "/failures/discards", {"failures": ids[:2], "reason": "INC-1"})
    assert two.json()["count"] == 2
    rest = await counter.calls("POST", "/failures/discards", {"group": group["id"], "reason": "INC-1"})
    assert (rest.json()["count"], rest.json()["more"]) == (2, False)
    search = {"search": {"service": "matcher"}, "reason": "INC-2"}
    assert (await counter.calls("POST", "/failures/restorations", search)).json()["count"] == 4
    shown = await counter.gets(f"/failure-groups/{group['id']}")
    assert shown["states"]["open"] == 4
    assert sum(hour["count"] for hour in shown["trend"]) in {0, 4}  # by the day on which this test runs
    assert len(shown["trend"]) == 168


async def test_what_can_t_be_done_is_refused_with_what_to_do(counter: Counter) -> None:
    (id_,) = await counter.fails(example())
    refused = {
        ("POST", f"/failures/{id_}/discard", "{}"): (422, "reason-missing"),
        ("POST", f"/failures/{id_}/disclosures", '{"reason": " "}'): (422, "reason-missing"),
        ("POST", f"/failures/{id_}/discard", json.dumps({"reason": "x" * 501})): (422, "reason-too-long"),
        ("POST", f"/failures/{id_}/discard", '{"why": "x"}'): (422, "invalid-input"),
        ("GET", f"/failures/{NEVER}", ""): (404, "failure-unknown"),
        ("POST", f"/failures/{NEVER}/discard", '{"reason": "x"}'): (404, "failure-unknown"),
        ("POST", "/failures/discards", json.dumps({"failures": [NEVER], "reason": "x"})): (404, "failures-unknown"),
        ("POST", "/failures/discards", '{"reason": "x"}'): (422, "choose-one-way"),
        ("POST", "/failures/discards", '{"group": "g1"}'): (422, "reason-missing"),
        ("GET", "/failures?text=x", ""): (422, "text-too-short"),
        ("GET", "/failures?field=name", ""): (422, "bad-field"),
        ("GET", "/failures?state=lost", ""): (422, "invalid-input"),
        ("GET", "/failure-groups/g0", ""): (404, "group-unknown"),
        ("POST", "/failure-groups/g0/notes", '{"text": "x"}'): (404, "group-unknown"),
        ("POST", "/failure-groups/g0/notes", "{}"): (422, "note-missing"),
        ("GET", "/audit-entries/99", ""): (404, "entry-unknown"),
    }
    for (method, path, body), expected in refused.items():
        for language in ("zh-CN", "en"):
            answer = await counter.calls(method, path, json.loads(body) if body else None, Accept_Language=language)
            assert code_of(answer) == expected, (method, path, body)
            assert answer.headers["Content-Language"] == language


async def test_two_operators_at_once_both_do_what_they_want_and_both_are_recorded(counter: Counter) -> None:
    ids = await counter.fails(*(example(id=f"event-{n}") for n in range(6)))
    answers = await asyncio.gather(
        *(
            counter.calls("POST", f"/failures/{id_}/discard", {"reason": "INC-1"}, by=f"op-{n % 2}")
            for n, id_ in enumerate(ids)
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 6
    verification = await counter.gets("/audit-entries/verification")
    assert (verification["whole"], verification["entries"]) == (True, 6)


async def test_two_operators_on_one_failure_one_is_told_that_it_changed(counter: Counter) -> None:
    (id_,) = await counter.fails(example())
    answers = await asyncio.gather(
        *(counter.calls("POST", f"/failures/{id_}/discard", {"reason": "x"}, by=f"op-{n}") for n in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len((await counter.gets("/audit-entries"))["items"]) == 1


async def test_a_request_that_is_repeated_under_its_key_is_done_once(counter: Counter) -> None:
    (id_,) = await counter.fails(example())
    path, body = f"/failures/{id_}/discard", {"reason": "INC-1"}
    answers = [await counter.calls("POST", path, body, Idempotency_Key="k1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len((await counter.gets("/audit-entries"))["items"]) == 1


async def test_notes_are_added_and_the_record_is_taken_out_whole(counter: Counter) -> None:
    await counter.fails(example())
    (group,) = (await counter.gets("/failure-groups"))["items"]
    noted = await counter.calls("POST", f"/failure-groups/{group['id']}/notes", {"text": "=已通知"}, If_Match='"1"')
    assert (noted.status_code, noted.json()["notes"][0]["text"], noted.headers["ETag"]) == (201, "=已通知", '"2"')
    stale = await counter.calls("POST", f"/failure-groups/{group['id']}/notes", {"text": "x"}, If_Match='"1"')
    assert code_of(stale) == (412, "stale-version")
    await counter.calls("POST", "/failures/discards", {"group": group["id"], "reason": "=1+1"}, by="op-2")
    lines = await counter.calls("GET", "/audit-entries/export")
    entries = [json.loads(line) for line in lines.text.splitlines()]
    assert [entry["action"] for entry in entries] == ["group-noted", "failures-discarded"]
    assert entries[1]["previous"] == entries[0]["hash"]
    table = await counter.calls("GET", "/audit-entries/export?format=csv&by=op-2")
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["number"], row["reason"], json.loads(row["details"])["count"]) == ("2", "'=1+1", 1)
    assert (await counter.gets("/audit-entries/2"))["hash"] == entries[1]["hash"]
