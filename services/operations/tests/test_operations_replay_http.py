from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from local_stack import tokens
from local_stack.devices import ProvingAuth
from operations.commands import edits, failures, replays
from operations.main import create_app
from services.operations.tests.test_operations_group_edit_bus import broken, number_of
from services.operations.tests.test_operations_line import Api
from services.operations.tests.workshop import ANN, BEN, Mood, Operations, Place, fail, orders, shop
from shared.bus.tests.harness import eventually

Call = Callable[..., Awaitable[httpx.Response]]


@asynccontextmanager
async def office(here: Place) -> AsyncIterator[tuple[Operations, Call]]:
    """Run operations, and call it as an operator."""
    app = create_app(here.settings())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://operations", auth=ProvingAuth(here.folder)) as http,
    ):

        async def call(
            method: str, path: str, body: object = None, *, by: str = ANN, role: str = "operator", **headers: str
        ) -> httpx.Response:
            given = {
                "Accept-Language": "en",
                "Authorization": f"Bearer {tokens.sign(here.folder, role, subject=by)}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            return await http.request(method, f"/v1{path}", json=body, headers=given)

        yield Operations(here, app.state.runtime, app.state.deps, app), call


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_replay_over_http_from_preview_to_what_became_of_each(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, office(here) as (ops, call):
        await fail(ops, running, mood, orders(range(3)))
        failures = [each.id for each in await ops.failures("open")]
        answer = await call("POST", "/replays", {"failures": failures, "reason": "INC-1", "rate": 500})
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        replay: dict[str, Any] = answer.json()
        assert (replay["state"], replay["counts"]["pending"]) == ("prepared", 3)
        assert replay["preview"]["services"][0]["count"] == 3
        path = f"/replays/{replay['id']}"
        assert code(await call("POST", f"{path}/start", If_Match='"7"')) == (412, "stale-version")
        started = await call("POST", f"{path}/start", If_Match='"1"')
        assert (started.status_code, started.json()["state"]) == (200, "running")

        async def done() -> bool:
            return bool((await call("GET", path)).json()["state"] == "done")

        await eventually(done, every=0.1)
        items = (await call("GET", f"{path}/items?state=handled&limit=2")).json()
        assert [each["state"] for each in items["items"]] == ["handled", "handled"]
        rest = (await call("GET", f"{path}/items?state=handled&limit=2&cursor={items['next']}")).json()
        assert (len(rest["items"]), rest["next"]) == (1, None)
        assert [each["id"] for each in (await call("GET", "/replays")).json()["items"]] == [replay["id"]]


async def test_what_can_not_be_replayed_is_refused_with_what_to_do(here: Place) -> None:
    async with office(here) as (_, call):
        group = {"group": "g0", "reason": "INC-1"}
        assert code(await call("POST", "/replays", group)) == (422, "nothing-selected")
        assert code(await call("POST", "/replays", {"group": "g0"})) == (422, "reason-missing")
        assert code(await call("POST", "/replays", {**group, "rate": 1_000_000})) == (422, "rate-out-of-bounds")
        assert code(await call("POST", "/replays", {**group, "failures": ["f0"]})) == (422, "choose-one-way")
        assert code(await call("GET", "/replays/rep_none")) == (404, "replay-unknown")
        span = {"service": "nobody", "since": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z"}
        assert code(await call("POST", "/replays", {"trail": span, "reason": "why"})) == (422, "service-unknown")
        assert (await call("POST", "/replays", group, role="official")).status_code == 403


async def test_an_edit_over_http_needs_a_second_operator_and_a_sound_event(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, office(here) as (ops, call):
        await fail(ops, running, mood, orders([7]))
        path = f"/failures/{(await ops.failures('open'))[0].id}/edits"
        broken = await call("POST", path, {"data": {"number": "eight", "note": "•••"}, "reason": "INC-1"})
        assert broken.status_code == 422
        assert [(each["pointer"], each["code"]) for each in broken.json()["errors"]] == [
            ("#/data/number", "edit-breaks-schema")
        ]
        answer = await call("POST", path, {"data": {"number": 8, "note": "•••"}, "reason": "INC-1"})
        assert answer.status_code == 201, answer.text
        edit = answer.json()
        assert "李育成" not in answer.text
        assert "/data/number" in edit["changed"]
        same = await call("POST", f"/edits/{edit['id']}/approval", {"reason": "fine"})
        assert code(same) == (403, "same-person")
        approved = await call("POST", f"/edits/{edit['id']}/approval", {"reason": "fine"}, by=BEN, If_Match='"1"')
        assert (approved.status_code, approved.json()["state"]) == (200, "approved")

        async def handled() -> bool:
            return bool((await call("GET", f"/edits/{edit['id']}")).json()["fate"] == "handled")

        await eventually(handled, every=0.1)
        assert await running.counted() == [8]


async def test_a_whole_group_is_edited_over_http_and_told_at_the_terminal(
    here: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    async with shop(here, Mood()) as running, office(here) as (ops, call):
        failed = await broken(ops, running, [1], [2], [3], [4, 5])
        asked = {"data": {"number": number_of(failed[0])[0], "note": "•••"}, "reason": "INC-1", "apply_to": "group"}
        answer = await call("POST", f"/failures/{failed[0].id}/edits", asked)
        assert answer.status_code == 201, answer.text
        edit = answer.json()
        assert (edit["group"], edit["messages"]) == (failed[0].group, 3)
        assert [(each["path"], each["conversion"]) for each in edit["changes"]] == [("/data/number", "only-member")]
        assert [(each["failure"], each["why"]) for each in edit["left"]] == [(failed[3].id, "value-differs")]
        pages = f"/edits/{edit['id']}/messages?limit=2"
        first = (await call("GET", pages)).json()
        second = (await call("GET", f"{pages}&cursor={first['next']}")).json()
        assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
        shown = [each["diff"] for page in (first, second) for each in page["items"]]
        assert all('+    "number": ' in diff for diff in shown)
        assert "李育成" not in str(shown) + answer.text

        edits.show(Api([edit]).context, edit["id"])
        edits.messages(Api([first]).context, edit["id"], most=2)
        said = capsys.readouterr().out
        for part in (failed[3].id, "/data/number", "3 条消息", '+    "number"', first["items"][1]["failure"]):
            assert part in said

        foreign = {**asked, "apply_to": "everything"}
        assert (await call("POST", f"/failures/{failed[0].id}/edits", foreign)).status_code == 422
        approved = await call("POST", f"/edits/{edit['id']}/approval", {}, by=BEN)
        assert (approved.status_code, approved.json()["state"]) == (200, "approved")

        async def handled() -> bool:
            return bool((await call("GET", f"/edits/{edit['id']}")).json()["display_state"] == "done")

        await eventually(handled, every=0.1)
        assert sorted(await running.counted()) == [1, 2, 3]


async def test_the_terminal_says_the_cause_first_and_why_a_message_failed_this_time(
    here: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    mood = Mood()
    async with shop(here, mood) as running, office(here) as (ops, call):
        (failed,) = await broken(ops, running, "seven")
        found = (await call("GET", f"/failures/{failed.id}")).json()
        assert (found["remedy"], found["faults"]) == (
            "edit",
            [{"pointer": "/data/number", "expectation": "integer", "expected": ""}],
        )
        capsys.readouterr()  # what was logged
        failures.show(Api([found]).context, failed.id)
        said = capsys.readouterr().out
        assert said.startswith("消息内容不符合该事件的约定。")
        assert said.index("应为整数") < said.index("怎么办") < said.index(failed.event_id)

        mood.fails = None
        asked = {"data": {"number": 7, "note": "•••"}, "reason": "INC-1"}
        edit = (await call("POST", f"/failures/{failed.id}/edits", asked)).json()
        replay = (await call("POST", f"/edits/{edit['id']}/approval", {}, by=BEN)).json()["replay"]

        async def done() -> bool:
            return bool((await call("GET", f"/replays/{replay}")).json()["state"] == "done")

        await eventually(done, every=0.1)
        shown = (await call("GET", f"/replays/{replay}")).json()
        assert (shown["display_state"], shown["running_since"]) == ("done-with-failures", None)
        later = (await call("GET", f"/replays/{replay}")).json()
        driven = {name: shown[name] for name in ("counted_at", "driver")}  # its driver leaves when it is done already
        assert shown == later | driven, "its clock stands still"
        items = (await call("GET", f"/replays/{replay}/items")).json()
        assert items["items"][0]["cause"]["exception"] == "RuntimeError"
        assert items["items"][0]["message"] == "the shelf is broken"
        assert items["items"][0]["failure"] not in {failed.id, None}
        replays.items(Api([items]).context, replay)
        replays.show(Api([shown]).context, replay)
        said = capsys.readouterr().out
        for part in ("处理出错 · RuntimeError · the shelf is broken", "已完成，有未通过的", "历时"):
            assert part in said.replace("\n", "")
