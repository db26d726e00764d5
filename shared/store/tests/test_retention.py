"""What has lived long enough goes, nothing else does, and whoever is killed in the middle is followed by another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from pymongo import IndexModel

from bus.event import Outcome, expect_all
from runtime.data_files import DataFileError
from store import retention
from store.commit import Committer
from store.repository import Database, Document, Write
from store.retention import Cascade, DataKind, Retention, indexed, read
from testkit.fakes import FakeClock
from testkit.fixtures import make_collections
from testkit.patience import eventually

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
TERM = timedelta(days=30)
SECOND = timedelta(seconds=1)
SAID = {"zh-CN": "甲", "en": "a"}
OURS = {"name": SAID, "why": SAID, "asked": "keep"}
LETTERS = DataKind.model_validate({"in": ["letters"], "since": "sent_at", "days": 30, **OURS})
TASKS = DataKind.model_validate(
    {"in": ["tasks"], "when": {"state": ["done", "void"]}, "since": "due_on", "is_day": True, "days": 30, **OURS}
)
KINDS = {"letters": LETTERS, "tasks": TASKS}


class Killed(BaseException):
    """Stands for the end of the process."""


class Office:
    """A service's database with what is due in it, and whoever ends it."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self.database = database
        self._committer = committer
        self.commits = 0
        self.killed_after = -1

    async def commit(self, outcome: Outcome[Any]) -> None:
        if self.commits == self.killed_after:
            raise Killed
        self.commits += 1
        await self._committer.commit(expect_all(Write, outcome.changes))

    async def keep(self, collection: str, **documents: Mapping[str, object]) -> None:
        rows = [{"_id": id_, "version": 1, **fields} for id_, fields in documents.items()]
        await self.database[collection].insert_many(rows)

    async def left(self, collection: str) -> set[str]:
        return await left(self.database, collection)

    async def turn(self, kinds: Mapping[str, DataKind] = KINDS, **cascades: Cascade) -> None:
        found = {"letters": nothing_more, **cascades}
        await Retention("office", self.database, self.commit, kinds, found, FakeClock(NOW)).turn()


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    committer = Committer(database)
    await committer.prepare()
    await make_collections(database, indexed(KINDS, {}, {"letters"}))
    committer.start()
    yield Office(database, committer)
    await committer.stop()


async def test_what_is_due_goes_to_the_second_and_nothing_else(office: Office) -> None:
    await office.keep(
        "letters",
        due={"sent_at": NOW - TERM},
        old={"sent_at": NOW - 14 * TERM},
        young={"sent_at": NOW - TERM + SECOND},
        unsent={"sent_at": None},
        strange={},
    )
    before = removed("letters")
    await office.turn()

    assert await office.left("letters") == {"young", "unsent", "strange"}
    assert removed("letters") - before == 2


async def test_what_cannot_go_yet_does_not_hold_up_what_is_behind_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 4)
    await office.keep("letters", **{f"l{number:02d}": {"sent_at": NOW - 2 * TERM} for number in range(30)})

    async def only_the_last(_: Database, documents: Sequence[Document]) -> Sequence[Write] | None:
        return [] if documents[0]["_id"] == "l29" else None

    await office.turn(letters=only_the_last)
    assert await office.left("letters") == {f"l{number:02d}" for number in range(29)}


async def test_a_day_counts_whole_and_only_what_is_in_one_of_the_states_goes(office: Office) -> None:
    await office.keep(
        "tasks",
        done={"state": "done", "due_on": "2026-10-26"},
        void={"state": "void", "due_on": "2026-01-01"},
        young={"state": "done", "due_on": "2026-10-27"},
        waiting={"state": "open", "due_on": "2020-01-01"},
    )
    await office.turn()

    assert await office.left("tasks") == {"young", "waiting"}


async def test_it_goes_on_batch_by_batch_to_the_end_and_after_a_kill_where_it_stopped(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 4)
    await office.keep("letters", **{f"l{number:02d}": {"sent_at": NOW - 2 * TERM} for number in range(30)})
    office.killed_after = 10

    with pytest.raises(Killed):
        await office.turn(letters=nothing_more)
    assert 15 <= len(await office.left("letters")) < 30

    office.killed_after = -1
    await office.turn(letters=nothing_more)
    assert await office.left("letters") == set()


async def nothing_more(_database: Database, _letters: Sequence[Document]) -> Sequence[Write]:
    return ()


async def test_the_store_itself_ends_what_counts_from_a_moment_and_has_no_belongings(database: Database) -> None:
    cards = LETTERS.model_copy(update={"places": ("cards",), "when": {"state": ("done", "void")}})
    await make_collections(database, indexed({"letters": LETTERS, "cards": cards}, {}, ()))
    now = datetime.now(UTC)
    due, young = now - TERM - SECOND, now - TERM + timedelta(hours=1)
    await database["letters"].insert_many(
        [{"_id": "due", "sent_at": due}, {"_id": "young", "sent_at": young}, {"_id": "unsent", "sent_at": None}]
    )
    await database["cards"].insert_many(
        [{"_id": state, "sent_at": due, "state": state} for state in ("done", "void", "open")]
    )

    async def only_what_stays() -> bool | None:
        kept = await left(database, "letters"), await left(database, "cards")
        return kept == ({"young", "unsent"}, {"open"}) or None

    assert await eventually(only_what_stays)  # a store that was not started here looks once a minute


async def test_a_turn_leaves_to_the_store_what_that_ends(office: Office) -> None:
    await office.keep("letters", due={"sent_at": NOW - TERM})
    await Retention("office", office.database, office.commit, KINDS, {}, FakeClock(NOW)).turn()

    assert await office.left("letters") == {"due"}


async def test_what_has_belongings_or_counts_from_a_day_is_not_left_to_the_store() -> None:
    models = [each for some in indexed(KINDS, {}, {"letters"}).values() for each in some]

    assert [each.document["name"] for each in models] == ["ends-sent_at", "ends-state-due_on"]
    assert not any("expireAfterSeconds" in each.document for each in models)


async def test_an_index_of_the_service_by_the_same_field_becomes_the_one_that_ends() -> None:
    own = {"letters": [IndexModel([("sent_at", 1)], name="sent"), IndexModel([("sent_at", -1)], name="latest")]}
    found = indexed({"letters": LETTERS}, own, ())["letters"]

    assert [each.document["name"] for each in found] == ["latest", "ends-sent_at"]


async def test_what_belongs_to_it_goes_with_it_or_holds_it_back(office: Office) -> None:
    async def envelope(database: Database, letters: Sequence[Document]) -> Sequence[Write] | None:
        [letter] = letters
        found = await database["envelopes"].find_one({"_id": letter["_id"]})
        return None if found is None else (retention.removal("envelopes", found),)

    await office.keep("letters", whole={"sent_at": NOW - TERM}, held={"sent_at": NOW - TERM})
    await office.keep("envelopes", whole={}, other={})
    await office.turn(letters=envelope)

    assert await office.left("letters") == {"held"}
    assert await office.left("envelopes") == {"other"}


async def test_what_somebody_changes_meanwhile_stays_until_it_is_looked_at_again(office: Office) -> None:
    async def somebody_writes(database: Database, letters: Sequence[Document]) -> Sequence[Write]:
        [letter] = letters
        await database["letters"].update_one({"_id": letter["_id"]}, {"$inc": {"version": 1}})
        return ()

    await office.keep("letters", one={"sent_at": NOW - TERM})
    await office.turn(letters=somebody_writes)
    assert await office.left("letters") == {"one"}

    await office.turn()
    assert await office.left("letters") == set()


async def test_what_has_no_term_or_is_ended_by_others_is_left_alone(office: Office) -> None:
    kinds = {
        "always": DataKind.model_validate({"in": ["letters"], "while": SAID, **OURS}),
        "own": DataKind.model_validate({"in": ["letters"], "since": "sent_at", "days": 1, "by": "own", **OURS}),
    }
    await office.keep("letters", one={"sent_at": NOW - 99 * TERM})
    await office.turn(kinds)

    assert await office.left("letters") == {"one"}


async def test_it_is_found_by_an_index(office: Office) -> None:
    for kind in KINDS.values():
        for condition in kind.conditions():
            wanted = {**condition, str(kind.since): kind.due(NOW)}
            plan = await office.database[kind.places[0]].find(wanted, sort=[(str(kind.since), 1)]).explain()
            assert "IXSCAN" in str(plan), plan


@pytest.mark.parametrize(
    "said",
    [
        {"in": ["a"], **OURS},
        {"in": ["a"], "days": 3, "while": SAID, **OURS},
        {"in": ["a"], "days": 3, **OURS},
        {"in": ["a", "b"], "days": 3, "since": "at", **OURS},
        {"in": ["a"], "days": 0, "since": "at", **OURS},
        {"in": ["a"], "while": SAID, "name": SAID, "why": SAID},
    ],
)
def test_a_kind_that_does_not_say_how_long_is_refused(said: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        DataKind.model_validate(said)


def test_a_fault_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text("every-service: {}\nbus: {}\nservices:\n  identity:\n    a: {in: [a], days: many}\n", "utf-8")

    with pytest.raises(DataFileError, match=r"retention\.yaml:5: services\.identity\.a\.days"):
        read(file)


async def left(database: Database, collection: str) -> set[str]:
    return {row["_id"] async for row in database[collection].find({})}


def removed(kind: str) -> float:
    return REGISTRY.get_sample_value("yizheng_retention_removed_total", {"service": "office", "kind": kind}) or 0.0
