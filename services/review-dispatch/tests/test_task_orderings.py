"""Any order and any repetition of what is asked, done and ended comes to the same tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from review_dispatch import events
from review_dispatch.domain.task import task_id
from task_desk import (
    APP,
    BIRTH_1,
    BIRTH_2,
    BIRTH_3,
    Delivery,
    Desk,
    after,
    decision,
    door,
    failed,
    failed_together,
    rejected,
    unproven,
    withdrawn,
    work,
)

EVENTS: list[Delivery] = [
    failed("birth", 1),
    failed("birth", 3, hour=4),
    failed_together(unproven("birth", 2), unproven("housing"), unproven("photo", reviewable=False), hour=2),
    failed("housing", 1, hour=2),
    door(5),
    decision(6),
]
"""Everything that may arrive for one application."""


def _state(desk: Desk) -> dict[str, object]:
    """What the tasks are, whatever way led there: their history and its wording may differ."""
    way = {"version", "steps", "cancelled_because"}
    return {id_: task.model_dump(exclude=way) for id_, task in desk.tasks.all.items()}


def _with_repetitions(events: list[Delivery]) -> st.SearchStrategy[list[Delivery]]:
    """Every event at least once, some again, in any order."""
    again = st.lists(st.sampled_from(events), max_size=5)
    return again.flatmap(lambda extra: st.permutations([*events, *extra]))


@given(_with_repetitions(EVENTS))
@settings(max_examples=60)
def test_any_order_and_any_repetition_of_requests_ends_in_the_same_state(deliveries: list[Delivery]) -> None:
    desk = asyncio.run(after(deliveries))
    assert _state(desk) == _state(asyncio.run(after(EVENTS)))
    requested = [event.task_id for event in desk.told if isinstance(event, events.ReviewRequested)]
    assert len(requested) == len(set(requested))
    assert BIRTH_3 in requested


@given(st.sampled_from([withdrawn, rejected]).flatmap(lambda end: _with_repetitions([*EVENTS, end()])))
@settings(max_examples=60)
def test_wherever_the_end_comes_nothing_waits_afterwards(deliveries: list[Delivery]) -> None:
    desk = asyncio.run(after(deliveries))
    assert _state(desk) == _state(asyncio.run(after([*EVENTS, withdrawn()])))
    assert {task.status for task in desk.tasks.all.values()} == {"cancelled"}


IDS = [BIRTH_1, BIRTH_2, BIRTH_3, task_id(APP, "review", "housing"), task_id(APP, "field-check")]
DEEDS = st.tuples(st.sampled_from(IDS), st.sampled_from(["claim", "claim", "approve", "reject", "release"]))


async def _day(steps: Sequence[Delivery | tuple[str, str]]) -> Desk:
    desk = Desk()
    for step in steps:
        if isinstance(step, tuple):
            await work(desk, *step)
        else:
            await desk.hear(step)
    return desk


@given(
    st.lists(DEEDS, min_size=5, max_size=30).flatmap(
        lambda deeds: st.permutations([*EVENTS, *EVENTS, withdrawn(), *deeds])
    )
)
@settings(max_examples=80)
def test_however_people_and_events_cross_a_task_is_decided_once_or_cancelled(
    steps: list[Delivery | tuple[str, str]],
) -> None:
    desk = asyncio.run(_day(steps))
    older = [event for event in desk.told if isinstance(event, events.ReviewApprovedV1)]
    newer = [event for event in desk.told if isinstance(event, events.ReviewApproved)]
    told = [
        event
        for event in desk.told
        if not isinstance(event, events.ReviewRequested | events.ReviewApprovedV1 | events.DataAccessed)
    ]
    assert [event.task_id for event in older] == [event.task_id for event in newer]
    decided = [id_ for id_, task in desk.tasks.all.items() if task.status in {"approved", "rejected"}]
    assert sorted(event.model_dump()["task_id"] for event in told) == sorted(decided)
    assert all(task.status in {"approved", "rejected", "cancelled"} for task in desk.tasks.all.values())
