"""A replay whose term has ended goes with its items and its progress; what is under way stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from operations import store
from operations.domain.items import ItemStatus, freeze
from operations.domain.replay import ProgressNote
from operations.store.replays import ReplayDocuments
from services.operations.tests.test_operations_replay_rules import chosen, replay
from store.repository import Database
from testkit.fakes import FakeClock
from testkit.terms import archive

LEFT = {"replays": "_id", "replay-items": "_id", "replay-facts": "block", "replay-progress": "_id"}
"""What belongs to a replay, and where in it its id begins."""
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-1, 0])
async def test_a_replay_goes_with_its_items_when_its_term_has_ended(database: Database, seconds: int) -> None:
    replays = ReplayDocuments(database, FakeClock(NOW))
    running = replay().model_copy(update={"id": "r2", "state": "running"})
    done = replay().model_copy(update={"state": "done", "ended_at": NOW})
    async with archive("operations", database, store.INDEXES, store.CASCADES) as kept:
        for each in (done, running):
            items = replays.freeze(freeze(each.id, "failures", chosen(3)))
            facts = replays.learn(each.id, {0: ItemStatus.SENT, 1: ItemStatus.SENT}, NOW)
            await kept.keep(replays.save(each), *items, *facts, replays.begin(ProgressNote(id=each.id)))
        await kept.turn(NOW + timedelta(days=kept.kinds["replays"].days or 0, seconds=seconds))

    left = {
        name: {str(row[key]).partition("/")[0] async for row in database[name].find({})} for name, key in LEFT.items()
    }
    expected = {"r2"} if seconds == 0 else {"r1", "r2"}
    assert left == dict.fromkeys(left, expected)
