"""Arranging a visit at the door over HTTP: what officer and applicant see, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.doors import by_building
from review_dispatch.domain.task import DoorCheck, Task
from review_dispatch.events import VisitArranged
from task_window import NOW, Window, door, opened, review, told

FIRST = {"begins": "2026-11-24T14:00:00+08:00", "ends": "2026-11-24T16:00:00+08:00"}
SECOND = {"begins": "2026-11-25T19:00:00+08:00", "ends": "2026-11-25T20:00:00+08:00"}
OTHER = {"begins": "2026-11-26T09:00:00+08:00", "ends": "2026-11-26T10:00:00+08:00"}
WHY = {"reason": "当天临时有急事"}


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


@pytest.fixture
async def check(window: Window) -> Task:
    task = window.keep(door())
    await window.claim("grid", task)
    window.runtime.told.clear()
    return task


async def offer(window: Window, task: Task, *slots: dict[str, str]) -> dict[str, Any]:
    answer = await window.ask("grid", "POST", f"/{task.id}/slots", {"slots": list(slots)})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def visit(window: Window, who: str, task: Task, deed: str, body: object) -> Any:  # noqa: ANN401 - an answer
    return await window.visit(who, "POST", f"/{task.id}/{deed}", body)


def arranged(window: Window) -> list[tuple[str, str]]:
    return [(event.state, event.by) for event in window.facts() if isinstance(event, VisitArranged)]


async def test_the_applicant_chooses_one_of_the_officers_times_and_both_read_it(window: Window, check: Task) -> None:
    shown = await offer(window, check, SECOND, FIRST, FIRST)
    assert [each["text"] for each in shown["visit"]["offered"]] == [
        "24 November 2026, 14:00–16:00",
        "25 November 2026, 19:00–20:00",
    ]
    [waiting] = (await window.visit("man", "GET", "")).json()["visits"]
    assert (waiting["visit"]["state"], waiting["task_id"]) == ("offered", check.id)
    chosen = await visit(window, "man", check, "choice", SECOND)
    assert chosen.status_code == 200
    assert chosen.json()["visit"]["text"] == "The officer comes on 25 November 2026, 19:00–20:00."
    seen = (await window.ask("grid", "GET", f"/{check.id}")).json()
    assert seen["visit"]["state"] == "agreed"
    assert [step["action"]["code"] for step in seen["steps"]][-2:] == ["visit-offered", "visit-chosen"]
    assert seen["steps"][-1]["by"] is None
    assert arranged(window) == [("offered", "officer"), ("agreed", "applicant")]
    [_, event] = [each for each in window.facts() if isinstance(each, VisitArranged)]
    assert event.slot is not None
    assert event.slot.begins == datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
    assert event.sequence == window.tasks.all[check.id].version


async def test_the_same_choice_again_changes_nothing_and_another_moves_it(window: Window, check: Task) -> None:
    await offer(window, check, FIRST, SECOND)
    for _ in range(2):
        assert (await visit(window, "man", check, "choice", FIRST)).status_code == 200
    assert (await visit(window, "man", check, "choice", SECOND)).json()["visit"]["slot"]["text"].endswith("20:00")
    assert arranged(window)[1:] == [("agreed", "applicant")] * 2


async def test_the_applicant_proposes_before_or_after_an_offer_and_the_officer_accepts(window: Window) -> None:
    task = window.keep(door())
    assert (await visit(window, "man", task, "proposal", OTHER)).json()["visit"]["state"] == "proposed"
    assert told(await window.ask("grid", "POST", f"/{task.id}/visit-acceptance")) == (409, "task-not-claimed")
    await window.claim("grid", task)
    accepted = await window.ask("grid", "POST", f"/{task.id}/visit-acceptance")
    assert accepted.json()["visit"]["text"] == "The officer comes on 26 November 2026, 09:00–10:00."
    assert told(await window.ask("grid", "POST", f"/{task.id}/visit-acceptance")) == (409, "nothing-proposed")
    await offer(window, task, FIRST)
    assert (await visit(window, "man", task, "proposal", OTHER)).json()["visit"]["offered"][0]["text"].endswith("16:00")
    assert (await visit(window, "man", task, "choice", FIRST)).json()["visit"]["state"] == "agreed"


async def test_either_side_calls_it_off_with_a_reason_that_the_other_reads(window: Window, check: Task) -> None:
    await offer(window, check, FIRST)
    await visit(window, "man", check, "choice", FIRST)
    assert told(await visit(window, "man", check, "refusal", {"reason": " "})) == (422, "invalid-input")
    await visit(window, "man", check, "refusal", WHY)
    seen = (await window.ask("grid", "GET", f"/{check.id}")).json()
    assert (seen["visit"]["state"], seen["steps"][-1]["note"]) == ("declined", WHY["reason"])
    assert told(await visit(window, "man", check, "refusal", WHY)) == (409, "nothing-to-decline")
    await offer(window, check, SECOND)
    await window.ask("grid", "POST", f"/{check.id}/visit-refusal", WHY)
    assert arranged(window)[-3:] == [("declined", "applicant"), ("offered", "officer"), ("declined", "officer")]
    last = window.facts()[-1]
    assert isinstance(last, VisitArranged)
    assert last.reason == WHY["reason"]


async def test_what_is_offered_anew_takes_the_place_of_what_was_agreed(window: Window, check: Task) -> None:
    await offer(window, check, FIRST)
    await visit(window, "man", check, "choice", FIRST)
    shown = await offer(window, check, SECOND)
    assert (shown["visit"]["state"], shown["visit"]["slot"]) == ("offered", None)
    assert told(await visit(window, "man", check, "choice", FIRST)) == (409, "slot-not-offered")


@pytest.mark.parametrize("who", ["other", "child"])
async def test_a_visit_is_arranged_by_those_concerned_alone(window: Window, check: Task, who: str) -> None:
    await offer(window, check, FIRST)
    assert (await window.visit(who, "GET", "")).json()["visits"] == []
    for deed, body in (("choice", FIRST), ("proposal", OTHER), ("refusal", WHY)):
        assert told(await visit(window, who, check, deed, body)) == (404, "no-such-visit")
    assert told(await window.visit("grid", "GET", "")) == (403, "wrong-role")
    assert told(await window.ask("grid-elsewhere", "POST", f"/{check.id}/slots", {"slots": [FIRST]}))[0] == 403
    assert told(await window.ask("grid-too", "POST", f"/{check.id}/slots", {"slots": [FIRST]}))[0] == 409


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        ("2026-11-23T09:00:00+08:00", "2026-11-23T11:00:00+08:00", "slot-in-the-past"),
        ("2026-11-24T14:00:00+08:00", "2026-11-24T14:00:00+08:00", "slot-too-long"),
        ("2026-11-24T14:00:00+08:00", "2026-11-24T13:00:00+08:00", "slot-too-long"),
        ("2026-11-24T09:00:00+08:00", "2026-11-24T13:30:00+08:00", "slot-too-long"),
        ("2026-11-24T07:30:00+08:00", "2026-11-24T09:00:00+08:00", "slot-outside-hours"),
        ("2026-11-24T20:30:00+08:00", "2026-11-24T21:30:00+08:00", "slot-outside-hours"),
        ("2026-11-24T23:00:00+08:00", "2026-11-25T01:00:00+08:00", "slot-outside-hours"),
        ("2026-11-28T09:00:00+08:00", "2026-11-28T10:00:00+08:00", "slot-after-deadline"),
        ("2026-11-24T14:00:00", "2026-11-24T16:00:00", "invalid-input"),
        ("9999-12-31T14:00:00+08:00", "9999-12-31T16:00:00+08:00", "invalid-input"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_on_either_side(
    window: Window, check: Task, begins: str, ends: str, code: str
) -> None:
    slot = {"begins": begins, "ends": ends}
    assert told(await window.ask("grid", "POST", f"/{check.id}/slots", {"slots": [slot]})) == (422, code)
    assert told(await visit(window, "man", check, "proposal", slot)) == (422, code)
    assert window.types() == []


async def test_nothing_is_arranged_where_there_is_no_door_or_no_need(window: Window) -> None:
    paper, void = window.keep(review()), window.keep(cancel(door(), "withdrawn", NOW))
    await window.claim("wang", paper)
    assert told(await window.ask("wang", "POST", f"/{paper.id}/slots", {"slots": [FIRST]})) == (
        422,
        "visit-needs-a-door",
    )
    assert told(await visit(window, "child", paper, "proposal", FIRST)) == (404, "no-such-visit")
    assert told(await visit(window, "man", void, "proposal", FIRST)) == (409, "task-cancelled-withdrawn")
    assert (await window.visit("man", "GET", "")).json()["visits"] == []


async def test_the_older_of_two_who_move_at_once_is_told_so(window: Window, check: Task) -> None:
    shown = await offer(window, check, FIRST)
    await offer(window, check, SECOND)
    late = await window.visit("man", "POST", f"/{check.id}/choice", FIRST, **{"If-Match": f'"{shown["version"]}"'})
    assert told(late) == (412, "stale-version")


async def test_doors_are_listed_by_building_in_the_order_of_a_walk_and_each_is_a_recorded_look(window: Window) -> None:
    rooms = ["民乐新村10栋101", "民乐新村3栋1102", "民乐新村3栋502", "民乐新村三栋2楼201", "梅龙路12号"]
    for number, address in enumerate(rooms):
        window.keep(_at(address, f"app_{number}"))
    assert (await window.ask("grid", "GET", "/doors")).json()["buildings"] == []
    for task in list(window.tasks.all.values()):
        await window.claim("grid", task)
    window.runtime.told.clear()
    answer = (await window.ask("grid", "GET", "/doors")).json()
    shown = answer["buildings"]
    walk = [[each["address"] for each in building["doors"]] for building in shown]
    assert walk == [[rooms[3], rooms[2], rooms[1]], [rooms[0]], [rooms[4]]]
    assert [building["name"] for building in shown] == ["民乐新村3栋", "民乐新村10栋", "梅龙路12号"]
    assert {building["community_name"] for building in shown} != {"440309002001"}
    assert sorted(str(look.application_id) for look in window.looks()) == [f"app_{number}" for number in range(5)]
    assert (await window.ask("grid-too", "GET", "/doors")).json()["buildings"] == []
    task = (await window.ask("grid", "GET", f"/{shown[0]['doors'][0]['task_id']}")).json()
    assert answer["standard_reasons"] == task["standard_reasons"]
    assert {"code": "lives-here", "text": "The applicant lives here", "field": None} in task["standard_reasons"][
        "approval"
    ]


def test_floors_and_rooms_are_numbers_and_what_is_no_address_stands_alone() -> None:
    tasks = [_at(address, f"app_{n}") for n, address in enumerate(["3栋地下1层商铺", "3栋12楼", "3栋2楼", "???"])]
    buildings = by_building(tasks)
    assert sum(len(each.doors) for each in buildings) == 4
    [third] = [each for each in buildings if each.name == "3栋"]
    floors = [task.about.address for task in third.doors if isinstance(task.about, DoorCheck)]
    assert floors.index("3栋2楼") < floors.index("3栋12楼")


async def test_a_result_never_overwrites_what_happened_while_the_phone_was_away(window: Window, check: Task) -> None:
    seen = (await window.ask("grid", "GET", f"/{check.id}")).headers["etag"]
    await visit(window, "man", check, "proposal", OTHER)
    late = await window.ask("grid", "POST", f"/{check.id}/approval", {}, **{"If-Match": seen})
    assert told(late) == (412, "stale-version")
    assert window.tasks.all[check.id].status == "claimed"


def _at(address: str, application: str) -> Task:
    task = door()
    about = task.about.model_copy(update={"address": address})
    return task.model_copy(update={"id": f"task_{application}", "application_id": application, "about": about})
