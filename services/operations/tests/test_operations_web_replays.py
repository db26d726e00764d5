"""Many failures at once and replays, through the operators' pages."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from services.operations.tests.stage import DOCUMENT, Stage, Visitor, awaited, form_of

REASON = "INC-4711"


async def three_failed(stage: Stage, visitor: Visitor) -> str:
    """Have three messages fail of one cause; return the group's page."""
    for number in range(3):
        await stage.publish(DOCUMENT, case=f"app_{number}")
    failure = await stage.failure("handler-failed")
    page = (await visitor.get(f"/operations/failures/{failure}")).text
    group = re.findall(r"/operations/groups/\w+", page)[0]

    async def all_there() -> str | None:
        return group if len(ids((await visitor.get(group)).text)) == 3 else None

    return await awaited(all_there)


def ids(page: str) -> list[str]:
    """Return the failures that can be ticked."""
    return re.findall(r'name="failure" value="(\w+)"', page)


async def says(visitor: Visitor, page: str, text: str) -> httpx.Response:
    """Wait until a page says something."""

    async def said() -> httpx.Response | None:
        answer = await visitor.get(page)
        return answer if text in answer.text else None

    return await awaited(said)


async def act(visitor: Visitor, page: str, act_: str, **fields: str | list[str]) -> httpx.Response:
    return await visitor.send(page, "/operations/selection", act=act_, **({"reason": REASON} | fields))


async def test_a_canary_that_fails_again_stops_the_replay_and_it_can_be_resumed_or_cancelled(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        group = await three_failed(stage, visitor)
        prepared = await act(visitor, group, "replay", which="all", rate="100")
        replay = prepared.headers["location"]
        assert "takes about" in (await visitor.get(replay)).text
        await visitor.send(replay, f"{replay}/start")
        stopped = await says(visitor, replay, "Stopped: a message failed again")
        assert 'class="halted"' in stopped.text
        assert "/operations/failures/f" in stopped.text

        silent = await visitor.send(replay, f"{replay}/resume", reason="")
        assert (silent.status_code, 'role="alert"' in silent.text) == (422, True)
        stage.matcher.is_broken = False
        await visitor.send(replay, f"{replay}/resume", reason="the rule is there now")
        await says(visitor, replay, "Done, but 1 failed again")
        assert len(stage.matcher.matched) == 2
        late = await visitor.client.get(f"{replay}/progress")
        assert "data-live" not in late.text


async def test_a_cancelled_replay_leaves_its_failures_open_and_can_not_be_started(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        group = await three_failed(stage, visitor)
        replay = (await act(visitor, group, "replay", which="all")).headers["location"]
        stale = await visitor.client.post(
            f"{replay}/start", data=(await hidden(visitor, replay, f"{replay}/start")) | {"version": "9"}
        )
        assert stale.status_code == 412
        start = await hidden(visitor, replay, f"{replay}/start")
        await visitor.send(replay, f"{replay}/cancel", reason=REASON)
        late = await visitor.client.post(f"{replay}/start", data=start)
        assert late.status_code in {409, 412}
        assert len(ids((await visitor.get(group)).text)) == 3


async def test_what_changed_since_it_was_selected_is_told_and_nothing_is_sent(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        group = await three_failed(stage, visitor)
        replay = (await act(visitor, group, "replay", which="all")).headers["location"]
        one = ids((await visitor.get(group)).text)[0]
        await visitor.send(f"/operations/failures/{one}", f"/operations/failures/{one}/discard", reason=REASON)
        refused = await visitor.send(replay, f"{replay}/start")
        assert (refused.status_code, one in refused.text) == (409, True)


async def test_failures_that_were_ticked_are_put_away_together(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        group = await three_failed(stage, visitor)
        none = await act(visitor, group, "discard", which="ticked")
        assert (none.status_code, 'role="alert"' in none.text) == (422, True)
        two = ids((await visitor.get(group)).text)[:2]
        gone = await visitor.follow(await act(visitor, group, "discard", which="ticked", failure=two))
        assert "Discarded: 2 failures." in gone.text
        assert len(ids(gone.text)) == 1
        wrong = await act(visitor, "/operations/search?state=open", "replay", which="all", rate="fast")
        assert wrong.status_code == 422


async def test_a_service_hears_a_part_of_the_trail_again(stage: Stage) -> None:
    stage.matcher.is_broken = False
    async with stage.visitor() as visitor:
        case = f"app_{secrets.token_hex(8)}"  # the trail has what other tests published, too
        begun = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
        event = await stage.publish(DOCUMENT, case=case)
        await says(visitor, "/operations/trails", case)
        page = "/operations/redelivery"
        asked = {"service": "matcher", "since": begun, "until": "2099-01-01T00:00", "types": DOCUMENT}
        nonsense = await visitor.send(page, page, **(asked | {"since": "soon", "reason": REASON}))
        assert (nonsense.status_code, "That is no moment" in nonsense.text) == (422, True)
        prepared = await visitor.send(page, page, **(asked | {"reason": REASON}))
        replay = prepared.headers["location"]
        await visitor.send(replay, f"{replay}/start")
        await says(visitor, replay, 'data-state="done"')
        assert stage.matcher.matched.count(event) == 2

        stage.matcher.is_broken = True
        again = (await visitor.send(page, page, **(asked | {"reason": REASON}))).headers["location"]
        await visitor.send(again, f"{again}/start")
        done = await says(visitor, again, "Done, but 1 could not be delivered")
        assert "The handler failed</b>" in done.text
        assert "/operations/failures/f" in done.text


async def hidden(visitor: Visitor, page: str, action: str) -> dict[str, str]:
    return form_of((await visitor.get(page)).text, action)
