"""One edit for a whole group over a real bus: approved once by another, canary first, what does not fit is left."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import orjson
import pytest

from bus.batch_consumer import RawMessage
from bus.envelope import EncodedEvent
from operations.domain.edit import Edit
from operations.domain.event_masks import MASK
from operations.domain.failure import Failure
from operations.handlers import discards, edits, group_edits, receipts, replays
from operations.handlers.edits import EditRequest
from operations.handlers.explanations import explain
from operations.store.replays import ReplayDocuments
from runtime.errors import Conflict, NotAllowed
from services.operations.tests.workshop import (
    ANN,
    BEN,
    Mood,
    Operations,
    Place,
    counted_once,
    desk,
    operations,
    orders,
    shop,
    worker,
)
from shared.bus.tests.harness import Station, eventually
from testkit.patience import PATIENCE
from testkit.signers import signed


async def broken(ops: Operations, running: Station, *numbers: object) -> list[Failure]:
    """Have orders fail whose numbers are no integers; return the failures, the oldest first."""
    for order, number in zip(orders(range(len(numbers))), numbers, strict=True):
        event = {**orjson.loads(order.body), "data": {"number": number, "note": "李育成"}}
        await running.publish(EncodedEvent(event["id"], "shop.order-placed.v1", signed(event)))
    await ops.has_failures(len(numbers), "open")
    return sorted(await ops.failures("open"), key=lambda each: (each.first_seen, each.id))


async def proposed(ops: Operations, example: Failure, number: object) -> Edit:
    """Have Ann propose for the whole group that the example's number is this."""
    asked = EditRequest(data={"number": number, "note": MASK}, has_data=True, is_for_group=True)
    shown = await ops.do(lambda: edits.propose(example.id, asked, reason="no lists", by=ANN, deps=ops.deps))
    return shown.edit


async def approve(ops: Operations, edit: Edit, by: str = BEN) -> Edit:
    """Have it approved; return it as it is then."""
    return (await ops.do(lambda: edits.approve(edit.id, by=by, version=None, deps=ops.deps))).edit


async def settled(ops: Operations, edit: Edit) -> Edit:
    """Wait until what became of it is known."""

    async def done() -> bool:
        return (await edits.find(edit.id, ops.deps)).state == "done"

    await eventually(done, every=0.05)
    return await edits.find(edit.id, ops.deps)


def number_of(failure: Failure) -> Any:  # noqa: ANN401 - whatever stood there
    return orjson.loads(failure.body or b"")["data"]["number"]


async def test_one_approval_mends_a_whole_group_and_names_what_it_does_not_fit(here: Place) -> None:
    async with shop(here, Mood()) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(30)), [7, 8], [-5])
        example = next(each for each in failed if number_of(each) == [4])
        edit = await proposed(ops, example, 4)
        assert (edit.members[0].failure, len(edit.members)) == (example.id, 30)
        by_id = {each.id: number_of(each) for each in failed}
        assert {(str(by_id[left.failure]), left.why, left.field) for left in edit.left} == {
            ("[7, 8]", "value-differs", "/data/number"),
            ("[-5]", "breaks-contract", "/data/number"),
        }
        assert len(await ops.failures("open")) == 32, "nothing was touched"
        with pytest.raises(NotAllowed, match="same-person"):
            await approve(ops, edit, ANN)

        (first, second) = await group_edits.differences_of(edit, ops.deps, limit=2)
        assert first.diff == edit.diff
        assert second.diff is not None
        assert "李育成" not in str(second.diff.lines)
        assert second.diff.changed[-2:] == ("/data/number", "/replaces")

        approved = await approve(ops, edit)
        done = await ops.becomes(str(approved.replay), "done")
        assert done.progress.counts.handled == 30
        assert await counted_once(running, range(30))
        assert (await settled(ops, edit)).fate == "handled"
        assert {each.resolution for each in await ops.failures("resolved")} == {"edited"}
        assert {each.id for each in await ops.failures("open")} == {left.failure for left in edit.left}
        acts = {each.action: each.details for each in await ops.deps.audit.after(0, 10)}
        assert (acts["edit-proposed"]["messages"], acts["edit-proposed"]["left"]) == (30, 2)
        assert acts["edit-approved"]["group"] == example.group
        found = await edits.list_all(ops.deps, failure=edit.members[-1].failure)
        assert [each.edit.id for each in found] == [edit.id], "found from each of its failures"


async def test_the_canary_stops_it_and_says_why_and_the_rest_is_open_after_a_cancel(here: Place) -> None:
    mood = Mood(fails={0})
    async with shop(here, mood) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(20)))
        example = next(each for each in failed if number_of(each) == [0])
        approved = await approve(ops, await proposed(ops, example, 0))
        stopped = await ops.becomes(str(approved.replay), "stopped")
        assert (stopped.progress.counts.failed, stopped.progress.counts.pending) == (1, 19)
        items = await replays.items(stopped.replay.id, ops.deps, state="failed")
        (told,) = await explain(stopped.replay.id, items, ops.deps)
        assert told.again is not None
        assert told.again.cause.reason == "handler-failed"
        assert told.failure not in {each.id for each in failed}
        await ops.step("cancel", stopped.replay.id)
        assert (await settled(ops, approved)).fate == "failed"
        assert len(await ops.failures("open")) == 19 + 1, "the rest as before, and what failed as a failure of its own"
        assert await running.counted() == []


async def test_a_cancel_between_the_drivers_last_look_and_its_rest_is_heard(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest, rests, may_rest = ReplayDocuments.rest, asyncio.Event(), asyncio.Event()
    rested = list[bool]()

    async def wait_and_rest(self: ReplayDocuments, id: str, driver: str, version: int) -> bool:
        rests.set()
        await may_rest.wait()
        rested.append(await rest(self, id, driver, version))
        return rested[-1]

    monkeypatch.setattr(ReplayDocuments, "rest", wait_and_rest)
    async with shop(here, Mood(fails={0})) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(5)))
        example = next(each for each in failed if number_of(each) == [0])
        approved = await approve(ops, await proposed(ops, example, 0))
        await asyncio.wait_for(rests.wait(), PATIENCE)
        await ops.step("cancel", str(approved.replay))
        may_rest.set()
        assert (await settled(ops, approved)).fate == "failed"
        assert rested[0] is False, "not even for a moment: its lease could not be renewed, and nobody would drive it"
        assert len(await ops.failures("open")) == 4 + 1


async def test_stopped_and_resumed_the_rest_is_sent(here: Place) -> None:
    mood = Mood(fails={0})
    async with shop(here, mood) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(12)))
        example = next(each for each in failed if number_of(each) == [0])
        approved = await approve(ops, await proposed(ops, example, 0))
        await ops.becomes(str(approved.replay), "stopped")
        await ops.step("resume", str(approved.replay))
        await ops.becomes(str(approved.replay), "done")
        assert await counted_once(running, range(1, 12))
        assert (await settled(ops, approved)).display_state == "failed", "one of them did"


async def test_what_changed_since_the_proposal_is_told_and_nothing_is_sent(here: Place) -> None:
    async with shop(here, Mood()) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(5)))
        edit = await proposed(ops, failed[0], number_of(failed[0])[0])
        await ops.do(lambda: discards.discard(failed[3].id, "not ours", BEN, ops.deps))
        with pytest.raises(Conflict, match="stale-selection") as refused:
            await approve(ops, edit)
        assert refused.value.params == {"count": 1, "ids": failed[3].id, "of": 5}
        assert await running.counted() == []


async def test_two_operators_who_edit_the_same_group_do_it_once(here: Place) -> None:
    async with shop(here, Mood()) as running, operations(here) as ops:
        failed = await broken(ops, running, *([n] for n in range(15)))
        first, second = [await proposed(ops, each, number_of(each)[0]) for each in failed[:2]]
        one, other = await asyncio.gather(approve(ops, first), approve(ops, second), return_exceptions=True)
        for approved in (one, other):
            if isinstance(approved, Edit):
                await ops.becomes(str(approved.replay), "done")
            else:
                assert isinstance(approved, Conflict)
        assert await counted_once(running, range(15)), "lost or doubled"
        assert not await ops.failures("open", "replaying")


async def test_killed_anywhere_one_after_the_other_they_go_on_and_every_message_is_mended_once(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At this rate a chunk has 5 messages at most, so that each process finds enough left to come to its fault."""
    monkeypatch.setenv("OPERATIONS_REPLAY_RATE", "20")
    faults = (
        ("between confirm and mark", 1),
        ("before the publish", 2),
        ("within the publishes", 2),
        ("between confirm and mark", 1),
        ("after the mark", 1),
        ("between a receipt and its commit", 1),
    )
    async with shop(here, Mood()) as running:
        async with operations(here) as ops:
            failed = await broken(ops, running, *([n] for n in range(30)))
            edit = await proposed(ops, failed[0], number_of(failed[0])[0])
        async with desk(here) as ops:
            approved = await approve(ops, edit)
            for fault, turn in faults:
                async with worker(here, fault, turn) as doomed, asyncio.timeout(PATIENCE):
                    assert await doomed.wait() == -signal.SIGKILL, fault
            async with worker(here):
                done = await ops.becomes(str(approved.replay), "done")
                assert await counted_once(running, range(30)), "lost or doubled"
                assert (done.progress.counts.failed, done.progress.counts.skipped) == (0, 0)
                assert (await settled(ops, approved)).fate == "handled"
                await ops.has_failures(30, "resolved")


async def test_an_original_is_closed_by_the_receipt_where_the_sender_was_killed_before_the_note(here: Place) -> None:
    async with shop(here, Mood()) as running:
        async with operations(here) as ops:
            failed = await broken(ops, running, *([n] for n in range(3)))
            edit = await proposed(ops, failed[0], number_of(failed[0])[0])
        async with desk(here) as ops:
            approved = await approve(ops, edit)
            async with worker(here, "between confirm and mark", 1) as doomed, asyncio.timeout(PATIENCE):
                assert await doomed.wait() == -signal.SIGKILL
            held = await ops.failures("replaying")
            blocks = await ops.deps.replays.blocks(str(approved.replay), range(3))
            items = [item for block in blocks for item in block.items if item.chosen.failure in {h.id for h in held}]
            forged = [receipt_of(each.id, "another-service") for each in items]
            await ops.runtime.commit(await receipts.take(forged, ops.deps))
            assert len(await ops.failures("replaying")) == len(held) > 0
            told = [receipt_of(each.id, each.chosen.service) for each in items]
            await ops.runtime.commit(await receipts.take(told, ops.deps))

            assert {each.resolution for each in await ops.failures("resolved")} == {"edited"}
            assert not await ops.failures("replaying")


def receipt_of(item: str, sender: str) -> RawMessage:
    """What a service tells, under its own key, when it has handled what was sent for an item."""
    told = orjson.dumps({"item": item, "fate": "handled", "at": "2026-11-23T02:00:00Z"})
    return RawMessage(told, {}, "", "", sender, "", None, redelivered=False, timestamp=None)


async def test_a_single_edit_is_closed_by_whoever_drives_on_when_the_receipt_was_faster_than_the_note(
    here: Place,
) -> None:
    async with shop(here, Mood()) as running:
        async with operations(here) as ops:
            (failed,) = await broken(ops, running, [7])
            asked = EditRequest(data={"number": 7, "note": MASK}, has_data=True)
            shown = await ops.do(lambda: edits.propose(failed.id, asked, reason="no list", by=ANN, deps=ops.deps))
        async with desk(here) as ops:
            approved = await approve(ops, shown.edit)
            async with worker(here, "between confirm and mark", 1) as doomed, asyncio.timeout(PATIENCE):
                assert await doomed.wait() == -signal.SIGKILL
            async with worker(here):
                assert (await settled(ops, approved)).fate == "handled"
                assert [each.resolution for each in await ops.failures()] == ["edited"]
                assert await counted_once(running, [7])
