"""What the trail, dead letters and edits said of an erased case is gone, and nothing that comes late brings it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import orjson
import pytest

from bus.batch_consumer import RawMessage
from bus.event import Outcome, Received
from operations import store
from operations.domain.diff import Diff
from operations.domain.edit import Edit
from operations.domain.group_edit import FieldChange, Member
from operations.domain.items import ChosenItem, freeze
from operations.domain.trail import Recorded
from operations.events import DataErased, ErasurePreviewed
from operations.handlers import data_erasure, parcels
from operations.store.trail import TrailStore
from operations.views import CasesErased
from privacy.erasure import CasesPreviewed
from privacy.holders import Holder
from services.operations.tests.archive import WholeArchive, prepared, recorded
from services.operations.tests.letterbox import NOON, example, later, raw
from services.operations.tests.test_operations_replay_rules import replay
from store.repository import Database
from testkit.vaults import whole

ERASED, OTHER = "app_erased", "app_other"
SECRET = "梅龙路一百二十号"
DOCUMENT = "applications.document-submitted.v2"


class Archive(WholeArchive):
    async def erase(self, *cases: str) -> DataErased:
        said = CasesErased(erasure_id="era_1", cases=list(cases))
        event = Received("e", "applications.data-erased.v1", "applications", "era_1", NOON, said)
        [answer] = await self.commit(await data_erasure.erase(event, self.deps))
        assert isinstance(answer, DataErased)
        return answer

    async def preview(self, *cases: str) -> ErasurePreviewed:
        holder = Holder(resident_id="res_1", index="9f" * 32)
        said = CasesPreviewed(erasure_id="era_1", holder=holder, cases=list(cases))
        event = Received("p", "applications.erasure-previewed.v1", "applications", "era_1", NOON, said)
        [answer] = await self.commit(await data_erasure.preview(event, self.deps))
        assert isinstance(answer, ErasurePreviewed)
        return answer

    async def everything(self) -> str:
        """Return all that is kept, opened, as one text."""
        names = [name for name in store.INDEXES if not name.startswith("audit")]
        rows = [row for name in names for row in await whole(self.database, name)]
        return "\n".join(str(_readable(row)) for row in rows)


def _readable(value: Any) -> Any:  # noqa: ANN401 - whatever a document holds
    if isinstance(value, dict):
        return {name: _readable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def event(case: str, number: int) -> dict[str, Any]:
    said = example(DOCUMENT, id=f"event-{case}-{number}", correlationid=case)
    said["data"]["claims"] = {"address": SECRET if case == ERASED else "另一条路"}
    return said


def in_trail(case: str, number: int) -> Recorded:
    return recorded(event(case, number), number, "event-before")


def letter(case: str, number: int, occurrence: str) -> RawMessage:
    return raw(
        event(case, number),
        occurrence,
        later(number),
        case=case,
        message=f"no street {event(case, number)['data']['claims']['address']}",
    )


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with prepared(database, store.INDEXES) as committer:
        archive = Archive(database, committer)
        for number, case in enumerate([ERASED, OTHER, ERASED, OTHER]):
            await archive.trail.record([in_trail(case, number)])
        await archive.take(letter(ERASED, 0, "a"), letter(OTHER, 1, "b"))
        [failure] = await archive.failures.of_case(ERASED)
        await archive.commit(Outcome(changes=[archive.edits.save(edit_of(failure.id))]))
        yield archive


def edit_of(failure: str) -> Edit:
    return Edit(
        id="edit-1",
        failure=failure,
        seen=1,
        service="matcher",
        event_type=DOCUMENT,
        replaces="event-app_erased-0",
        event_id="event-new",
        by="ann",
        reason=f"the street is {SECRET}",
        body=orjson.dumps(event(ERASED, 9)),
        diff=Diff(lines=(SECRET,), changed=("/data",)),
        state="proposed",
        created_at=NOON,
    )


async def test_nothing_of_what_was_said_is_left_and_what_happened_is(archive: Archive) -> None:
    assert SECRET in await archive.everything()
    answer = await archive.erase(ERASED)

    assert SECRET not in await archive.everything()
    assert {each.kind: each.count for each in answer.erased} == {"trail": 2, "dead-letters": 1, "edits": 1}
    kept = await archive.trail.of_case(ERASED, 0, 10)
    assert [(each.id, each.type, each.case, each.time, each.cause, each.fault) for each in kept] == [
        (f"event-{ERASED}-{number}", DOCUMENT, ERASED, NOON, "event-before", "erased") for number in (0, 2)
    ]
    assert orjson.loads(kept[0].body) == {**event(ERASED, 0), "data": {}}
    [failure] = [row for row in await whole(archive.database, "failures") if row["case"] == ERASED]
    assert (failure["state"], failure["reason"], failure["body"]) == ("discarded", "handler-failed", None)
    edit = await archive.edits.get("edit-1")
    assert edit is not None
    assert (edit.state, edit.body) == ("withdrawn", b"")


async def test_an_edit_for_a_group_goes_with_its_example_and_not_with_another_message(archive: Archive) -> None:
    [erased], [other] = [await archive.failures.of_case(case) for case in (ERASED, OTHER)]
    members = [Member(failure=each.id, seen=1, event_id=f"new-{each.id}") for each in (erased, other)]
    change = FieldChange(operation="replace", path="/data/claims/address", before=SECRET, after="x")
    of_group = {"group": "g1", "members": tuple(members), "changes": (change,)}
    its = edit_of(erased.id).model_copy(update={**of_group, "id": "edit-2"})
    others = edit_of(other.id).model_copy(update={**of_group, "id": "edit-3", "changes": (), "reason": "why"})
    await archive.commit(Outcome(changes=[archive.edits.save(its), archive.edits.save(others)]))
    await archive.erase(ERASED)
    kept = {each.id: each for each in await archive.edits.page(state=None, failure=other.id, before=None, limit=9)}
    assert {id_: (each.state, each.changes) for id_, each in kept.items()} == {
        "edit-2": ("withdrawn", ()),
        "edit-3": ("proposed", ()),
    }
    assert kept["edit-3"].body


async def test_other_cases_are_left_alone(archive: Archive) -> None:
    await archive.erase(ERASED)

    assert [each.fault for each in await archive.trail.of_case(OTHER, 0, 10)] == ["", ""]
    [failure] = await archive.failures.of_case(OTHER)
    assert (failure.state, failure.body is not None) == ("open", True)


async def test_what_comes_late_or_again_brings_nothing_back(archive: Archive) -> None:
    await archive.erase(ERASED)
    await archive.trail.record([in_trail(ERASED, 0), in_trail(ERASED, 5)])
    await archive.take(letter(ERASED, 0, "c"), letter(ERASED, 7, "d"))

    assert SECRET not in await archive.everything()
    assert [each.id for each in await archive.trail.of_case(ERASED, 0, 10)] == [
        f"event-{ERASED}-{number}" for number in (0, 2, 5)
    ]


async def test_what_was_being_recorded_just_then_is_found_a_minute_later(archive: Archive) -> None:
    await archive.erase(ERASED)
    unseen = TrailStore(archive.database)
    unseen._erased = cast("Any", _Blind())  # noqa: SLF001 - as it looked just before the erasure
    await unseen.record([in_trail(ERASED, 6)])
    assert await data_erasure.erase_again(archive.deps) == []

    archive.clock.advance(timedelta(minutes=1, seconds=1))
    for outcome in await data_erasure.erase_again(archive.deps):
        await archive.commit(outcome)
    assert SECRET not in await archive.everything()
    assert await data_erasure.erase_again(archive.deps) == []


class _Blind:
    async def among(self, cases: set[str]) -> frozenset[str]:
        return frozenset()


async def test_erased_twice_or_with_no_case_it_answers_all_the_same(archive: Archive) -> None:
    assert (await archive.erase()).erased == []
    await archive.erase(ERASED)
    again = await archive.erase(ERASED)

    assert {each.kind: each.count for each in again.erased} == {"trail": 2}


async def test_an_erased_event_is_not_delivered_again(archive: Archive) -> None:
    chosen = [ChosenItem("matcher", f"event-{case}-{n}", DOCUMENT) for n, case in enumerate([ERASED, OTHER])]
    run = replay(2).model_copy(update={"kind": "trail"})
    items = archive.replays.freeze(freeze(run.id, "trail", chosen))
    await archive.commit(Outcome(changes=[archive.replays.save(run), *items]))
    await archive.erase(ERASED)

    taken = await parcels.take_up(run, [0, 1], archive.deps)
    assert [parcel.n for parcel in taken.parcels] == [1]
    assert list(taken.skipped) == [0]


async def test_what_would_go_with_a_case_is_told_by_number_and_stays_until_it_goes(archive: Archive) -> None:
    shown = await archive.preview(ERASED)
    assert SECRET in await archive.everything()
    assert {each.kind: each.count for each in shown.erased} == {"trail": 2, "dead-letters": 1, "edits": 1}
    assert (await archive.erase(ERASED)).erased == shown.erased
    assert (await archive.preview()).erased == []
