from __future__ import annotations

import orjson
import pytest

from bus.envelope import EncodedEvent
from operations.domain.event_masks import MASK
from operations.domain.failure import Failure
from operations.domain.tones import tone
from operations.handlers import discards, edits, replays
from operations.handlers.edits import EditRequest
from operations.handlers.explanations import explain
from runtime.errors import Conflict, NotAllowed
from services.operations.tests.workshop import (
    ANN,
    BEN,
    Mood,
    Operations,
    Place,
    counted_once,
    desk,
    fail,
    operations,
    orders,
    shop,
)
from shared.bus.tests.harness import Station, eventually
from testkit.signers import signed


async def failed(ops: Operations, running: Station, *, number: object = "seven") -> Failure:
    """Have an order fail whose number is a text."""
    event = {**orjson.loads(orders([7])[0].body), "data": {"number": number, "note": "李育成"}}
    await running.publish(EncodedEvent(event["id"], "shop.order-placed.v1", signed(event)))
    await ops.has_failures(1, "open")
    return (await ops.failures("open"))[0]


async def proposed(ops: Operations, failure: Failure, number: object = 7) -> str:
    """Have Ann propose that the number is a number."""
    asked = EditRequest(data={"number": number, "note": MASK}, has_data=True)
    shown = await ops.do(
        lambda: edits.propose(failure.id, asked, reason="seven is 7", by=ANN, deps=ops.deps, version=failure.version)
    )
    return shown.edit.id


async def fate(ops: Operations, edit: str) -> str | None:
    """Wait until the edit is done; return what became of it."""

    async def done() -> bool:
        return (await edits.show(edit, ops.deps)).edit.state == "done"

    await eventually(done, every=0.05)
    return (await edits.show(edit, ops.deps)).edit.fate


async def test_an_edited_event_is_handled_under_a_new_id_that_names_the_old_one(here: Place) -> None:
    async with shop(here, Mood()) as running, operations(here) as ops:
        failure = await failed(ops, running)
        edit = await proposed(ops, failure)
        assert (await ops.failures())[0].state == "open"
        await ops.do(lambda: edits.approve(edit, by=BEN, version=1, deps=ops.deps))
        assert await fate(ops, edit) == "handled"
        assert await counted_once(running, [7])
        original = (await ops.failures())[0]
        assert (original.state, original.resolution) == ("resolved", "edited")
        sent = orjson.loads((await edits.find(edit, ops.deps)).body)
        assert (sent["replaces"], sent["data"]) == (failure.event_id, {"number": 7, "note": "李育成"})
        assert sent["id"] not in {failure.event_id, ""}
        acts = [each.action for each in await ops.deps.audit.after(0, 10)]
        assert acts == ["edit-proposed", "edit-approved"]


async def test_the_original_is_closed_only_after_the_broker_has_confirmed(here: Place) -> None:
    async with shop(here, Mood()) as running:
        async with operations(here) as ops:
            failure = await failed(ops, running)
        async with desk(here) as ops:
            edit = await proposed(ops, failure)
            await ops.do(lambda: edits.approve(edit, by=BEN, version=None, deps=ops.deps))
            held = (await ops.failures())[0]
            assert (held.state, held.resolution) == ("replaying", None)
            assert (await edits.find(edit, ops.deps)).state == "approved"
        async with operations(here) as ops:
            assert await fate(ops, edit) == "handled"
            assert (await ops.failures())[0].resolution == "edited"


async def test_an_edited_event_that_fails_again_is_shown_so_and_is_a_failure_of_its_own(here: Place) -> None:
    mood = Mood(fails={7})
    async with shop(here, mood) as running, operations(here) as ops:
        failure = await failed(ops, running)
        edit = await proposed(ops, failure)
        await ops.do(lambda: edits.approve(edit, by=BEN, version=None, deps=ops.deps))
        assert await fate(ops, edit) == "failed"
        await ops.has_failures(1, "open")
        again = (await ops.failures("open"))[0]
        assert (again.id != failure.id, again.replaces) == (True, failure.event_id)
        assert await running.counted() == []
        sent = (await edits.show(edit, ops.deps)).edit
        assert (sent.display_state, tone(sent.display_state)) == ("failed", "bad")
        assert tone((await ops.failures("resolved"))[0].display_state) != "good"
        replay = sent.replay or ""
        done = await ops.becomes(replay, "done")
        assert done.replay.display_state(done.progress.counts) == "done-with-failures"
        (told,) = await explain(replay, await replays.items(replay, ops.deps), ops.deps)
        assert told.failure == again.id, "the link leads to what failed now, not to what was edited"
        assert told.again is not None
        assert (told.again.cause.reason, told.again.cause.exception) == ("handler-failed", "RuntimeError")
        assert failure.reason == "wrong-schema"


async def test_a_replay_tells_why_a_message_failed_this_time_whatever_it_fails_of_later(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders([7]))
        runs: list[str] = []
        for message in ("the shelf is wet", "the shelf has burnt"):
            mood.fails, mood.message = None, message
            runs.append(await ops.prepare())
            await ops.start(runs[-1])
            await ops.becomes(runs[-1], "done")
            await ops.has_failures(1, "open")
        told = [(await explain(run, await replays.items(run, ops.deps), ops.deps))[0].again for run in runs]
        assert [again and again.message for again in told] == ["the shelf is wet", "the shelf has burnt"]


async def test_nobody_approves_an_edit_of_their_own(here: Place) -> None:
    async with shop(here, Mood()) as running, operations(here) as ops:
        edit = await proposed(ops, await failed(ops, running))
        with pytest.raises(NotAllowed) as refused:
            await ops.do(lambda: edits.approve(edit, by=ANN, version=None, deps=ops.deps))
        assert refused.value.code == "same-person"
        await ops.do(lambda: edits.withdraw(edit, reason="a typo", by=ANN, version=None, deps=ops.deps))
        with pytest.raises(Conflict, match="edit-not-possible"):
            await ops.do(lambda: edits.approve(edit, by=BEN, version=None, deps=ops.deps))
        assert await running.counted() == []


async def test_an_edit_of_what_was_put_away_replayed_or_edited_meanwhile_is_refused(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        failure = await failed(ops, running)
        first, second = await proposed(ops, failure, 1), await proposed(ops, failure, 2)
        await ops.do(lambda: discards.discard(failure.id, "not ours", BEN, ops.deps))
        with pytest.raises(Conflict, match="failure-not-open"):
            await ops.do(lambda: edits.approve(first, by=BEN, version=None, deps=ops.deps))
        await ops.do(lambda: discards.restore(failure.id, "ours", BEN, ops.deps))
        replay = await ops.prepare()
        await ops.start(replay)
        await ops.becomes(replay, "done")
        await ops.has_failures(1, "open")
        with pytest.raises(Conflict, match="stale-edit"):
            await ops.do(lambda: edits.approve(first, by=BEN, version=None, deps=ops.deps))
        third = await proposed(ops, (await ops.failures("open"))[0], 3)
        await ops.do(lambda: edits.approve(third, by=BEN, version=None, deps=ops.deps))
        assert await fate(ops, third) == "handled"
        with pytest.raises(Conflict, match="failure-not-open"):
            await ops.do(lambda: edits.approve(second, by=BEN, version=None, deps=ops.deps))
        assert await counted_once(running, [3])


async def test_a_failure_whose_own_handler_was_wrong_needs_no_edit(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders([7]))
        with pytest.raises(Exception, match="edit-changes-nothing"):
            await proposed(ops, (await ops.failures("open"))[0], 7)
