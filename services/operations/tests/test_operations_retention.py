"""A replay whose term has ended goes with its items and its progress; what is under way stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from messaging.commit import Committer
from messaging.documents import Database, Write
from messaging.event import Outcome
from operations import store
from operations.domain.items import freeze
from operations.domain.replay import Progress
from operations.store.replays import ReplayDocuments
from runtime.config import ServiceSettings
from runtime.retention import Retention, indexed, read
from services.operations.tests.test_operations_replay_rules import chosen, replay
from testkit.fakes import FakeClock

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KINDS = read(ServiceSettings().retention).services["operations"]


@pytest.mark.parametrize("seconds", [-1, 0])
async def test_a_replay_goes_with_its_items_when_its_term_has_ended(database: Database, seconds: int) -> None:
    committer = Committer(database)
    await committer.prepare()
    for name, models in indexed(KINDS, store.INDEXES).items():
        await database.create_collection(name)
        await database[name].create_indexes(list(models)) if models else None
    committer.start()

    async def commit(outcome: Outcome[None]) -> None:
        await committer.commit([change for change in outcome.changes if isinstance(change, Write)])

    replays = ReplayDocuments(database, FakeClock(NOW))
    running = replay().model_copy(update={"id": "r2", "state": "running"})
    done = replay().model_copy(update={"state": "done", "ended_at": NOW})
    for each in (done, running):
        items = replays.freeze(freeze(each.id, "failures", chosen(3)))
        await commit(Outcome(changes=[replays.save(each), *items, replays.begin(Progress(id=each.id))]))
    term = timedelta(days=KINDS["replays"].days or 0, seconds=seconds)
    await Retention("operations", database, commit, KINDS, store.BELONGINGS, FakeClock(NOW + term)).turn()
    await committer.stop()

    left = {
        name: {str(row["_id"]).partition("/")[0] async for row in database[name].find({})}
        for name in ("replays", "replay-items", "replay-progress")
    }
    expected = {"r2"} if seconds == 0 else {"r1", "r2"}
    assert left == dict.fromkeys(left, expected)
