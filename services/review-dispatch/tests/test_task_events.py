"""Requests and endings as they arrive: late, twice, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.event import Event, NotYet, Outcome, Received, View
from review_dispatch import published
from review_dispatch.config import Settings, load_district
from review_dispatch.consumed import (
    ApplicationEnded,
    CasesErased,
    CorrectionRequested,
    DecisionRequested,
    FieldCheckRequested,
    Holder,
    MatchFailed,
)
from review_dispatch.domain.case import Case
from review_dispatch.domain.queue import Waiting
from review_dispatch.domain.task import Task, task_id
from review_dispatch.handlers import deadlines, endings, erasing, requests, working
from review_dispatch.handlers.needs import Deps
from review_dispatch.handlers.working import Approving, Asked
from review_dispatch.store import TaskStore
from runtime.access import Principal, Role
from runtime.erasing import ErasureRequested
from runtime.holders import Holder as Whose
from runtime.refusal import Refusal
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received

DISTRICT = load_district(Settings().data)
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
APP = "app_1"
BIRTH_1, BIRTH_2, BIRTH_3 = (task_id(APP, "review", "birth", attempt) for attempt in (1, 2, 3))

ViewT = TypeVar("ViewT", bound=View)
Delivery = Callable[[Deps], Awaitable[Outcome[None]]]


class NobodyWaits:
    """A count that finds nothing; what is counted is the store's business."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count nothing."""
        return ()


@dataclass
class Desk:
    """Review dispatch in memory, and what it has published."""

    tasks: FakeDocuments[Task] = field(default_factory=lambda: FakeDocuments(Task))
    cases: FakeDocuments[Case] = field(default_factory=lambda: FakeDocuments(Case))
    clock: FakeClock = field(default_factory=lambda: FakeClock(MONDAY))
    told: list[Event] = field(default_factory=list)

    @property
    def deps(self) -> Deps:
        """What the handlers are given."""
        return Deps(TaskStore(self.tasks), self.cases, NobodyWaits(), DISTRICT, self.clock, NothingHeld())

    async def hear(self, delivery: Delivery) -> None:
        """Have an event handled and committed."""
        self.commit(await delivery(self.deps))

    def commit(self, outcome: Outcome[Task] | Outcome[None]) -> None:
        """Commit an outcome and note what it publishes."""
        apply(outcome)
        hands = (published.TaskClaimed, published.TaskReleased)  # under test at the windows (test_task_looks.py)
        self.told.extend(event for event in outcome.events if not isinstance(event, hands))

    def types(self) -> list[str]:
        """The types of what was published."""
        return [event.type for event in self.told]


def failed(requirement: str = "birth", attempt: int = 1, *, reviewable: bool = True, hour: int = 0) -> Delivery:
    """A document failed to match."""
    data = MatchFailed(
        application_id=APP,
        item="school-enrolment",
        requirement=requirement,
        attempt=attempt,
        document_type="birth-certificate",
        document_types=["birth-certificate"],
        holder=Holder(resident_id="res_child", index="9f" * 32),
        fields=[],
        claims={"child_name": "李思远"},
        scans=[],
        reviewable=reviewable,
        community="440309002001",
    )
    return partial(requests.request_review, _received(data, "matcher.match-failed.v1", hour))


def door(hour: int = 0) -> Delivery:
    """A door must be looked at."""
    data = FieldCheckRequested(
        application_id=APP,
        item="residence-permit",
        applicant_name="李育成",
        address="民乐新村3栋502",
        community="440309002001",
        due_on=date(2026, 11, 27),
    )
    return partial(requests.request_field_check, _received(data, "applications.field-check-requested.v1", hour))


def decision(hour: int = 0) -> Delivery:
    """An application is to be decided."""
    data = DecisionRequested(
        application_id=APP,
        item="school-enrolment",
        department="edu",
        subject_name="李思远",
        proven=[],
        due_on=date(2026, 12, 18),
    )
    return partial(requests.request_decision, _received(data, "applications.decision-requested.v1", hour))


def withdrawn(hour: int = 9) -> Delivery:
    """The applicant withdrew."""
    event = _received(ApplicationEnded(application_id=APP), "applications.application-withdrawn.v1", hour)
    return partial(endings.close_withdrawn, event)


def rejected(hour: int = 9) -> Delivery:
    """The application was rejected."""
    event = _received(ApplicationEnded(application_id=APP), "applications.application-rejected.v1", hour)
    return partial(endings.close_rejected, event)


def _received(data: ViewT, kind: str, hour: int) -> Received[ViewT]:
    return Received(f"{kind}-{hour}", kind, "/yizheng/test", APP, MONDAY + timedelta(hours=hour), data)


async def test_a_failed_match_becomes_a_task_of_the_department_and_is_announced() -> None:
    desk = Desk()
    await desk.hear(failed())
    task = desk.tasks.all[BIRTH_1]
    assert (task.status, task.department, task.due_on) == ("open", "health", date(2026, 11, 26))
    assert desk.told == [
        published.ReviewRequested(
            task_id=BIRTH_1,
            application_id=APP,
            requirement="birth",
            attempt=1,
            document_type="birth-certificate",
            department="health",
            due_on=date(2026, 11, 26),
        )
    ]


async def test_what_people_may_not_review_is_left_alone() -> None:
    desk = Desk()
    await desk.hear(failed(reviewable=False))
    assert (desk.tasks.all, desk.told) == ({}, [])


async def test_the_same_request_again_makes_no_second_task() -> None:
    desk = Desk()
    await desk.hear(failed())
    await desk.hear(failed(hour=3))
    assert len(desk.tasks.all) == 1
    assert desk.types() == ["review-dispatch.review-requested.v1"]


async def test_door_checks_and_decisions_become_tasks_without_an_announcement() -> None:
    desk = Desk()
    await desk.hear(door())
    await desk.hear(decision())
    assert {(task.kind, task.department, task.due_on) for task in desk.tasks.all.values()} == {
        ("field-check", "community", date(2026, 11, 27)),
        ("decision", "edu", date(2026, 12, 18)),
    }
    assert desk.told == []


async def test_a_withdrawal_cancels_what_waits() -> None:
    desk = Desk()
    await desk.hear(failed())
    await desk.hear(withdrawn())
    assert desk.tasks.all[BIRTH_1].cancelled_because == "withdrawn"


async def test_a_withdrawal_before_the_request_lets_the_task_be_born_cancelled() -> None:
    desk = Desk()
    await desk.hear(withdrawn())
    await desk.hear(failed())
    assert desk.tasks.all[BIRTH_1].cancelled_because == "withdrawn"
    assert desk.told == []


async def test_a_rejection_of_the_application_cancels_what_waits() -> None:
    desk = Desk()
    await desk.hear(door())
    await desk.hear(rejected())
    assert desk.tasks.all[task_id(APP, "field-check")].cancelled_because == "rejected"


async def test_a_corrected_attempt_replaces_the_older_one_that_still_waits() -> None:
    desk = Desk()
    await desk.hear(failed(attempt=1))
    await desk.hear(failed(attempt=2, hour=2))
    assert desk.tasks.all[BIRTH_1].cancelled_because == "superseded"
    assert desk.tasks.all[BIRTH_2].status == "open"


async def test_an_older_attempt_that_comes_late_is_born_cancelled() -> None:
    desk = Desk()
    await desk.hear(failed(attempt=2, hour=2))
    await desk.hear(failed(attempt=1))
    assert desk.tasks.all[BIRTH_1].cancelled_because == "superseded"
    assert desk.tasks.all[BIRTH_2].status == "open"


EVENTS: list[Delivery] = [
    failed("birth", 1),
    failed("birth", 2, hour=2),
    failed("birth", 3, hour=4),
    failed("housing", 1),
    failed("photo", 1, reviewable=False),
    door(5),
    decision(6),
]
"""Everything that may arrive for one application."""


def _state(desk: Desk) -> dict[str, object]:
    """What the tasks are, whatever way led there: their history and its wording may differ."""
    way = {"version", "steps", "cancelled_because"}
    return {id_: task.model_dump(exclude=way) for id_, task in desk.tasks.all.items()}


async def _after(deliveries: Sequence[Delivery]) -> Desk:
    desk = Desk()
    for delivery in deliveries:
        await desk.hear(delivery)
    return desk


def _with_repetitions(events: list[Delivery]) -> st.SearchStrategy[list[Delivery]]:
    """Every event at least once, some again, in any order."""
    again = st.lists(st.sampled_from(events), max_size=5)
    return again.flatmap(lambda extra: st.permutations([*events, *extra]))


@given(_with_repetitions(EVENTS))
@settings(max_examples=60)
def test_any_order_and_any_repetition_of_requests_ends_in_the_same_state(deliveries: list[Delivery]) -> None:
    desk = asyncio.run(_after(deliveries))
    assert _state(desk) == _state(asyncio.run(_after(EVENTS)))
    requested = [event.task_id for event in desk.told if isinstance(event, published.ReviewRequested)]
    assert len(requested) == len(set(requested))
    assert BIRTH_3 in requested


@given(st.sampled_from([withdrawn, rejected]).flatmap(lambda end: _with_repetitions([*EVENTS, end()])))
@settings(max_examples=60)
def test_wherever_the_end_comes_nothing_waits_afterwards(deliveries: list[Delivery]) -> None:
    desk = asyncio.run(_after(deliveries))
    assert _state(desk) == _state(asyncio.run(_after([*EVENTS, withdrawn()])))
    assert {task.status for task in desk.tasks.all.values()} == {"cancelled"}


WANG = Principal("wang", Role.REVIEWER, departments=frozenset({"health", "edu", "community"}))
"""Works for every department that the events bring work to."""


async def _work(desk: Desk, id_: str, deed: str) -> None:
    """Have a person do something; being refused is part of the day."""
    asked = Asked(id_, WANG)
    try:
        match deed:
            case "claim":
                desk.commit(await working.claim(asked, desk.deps))
            case "approve":
                desk.commit(await working.approve(asked, Approving(), desk.deps))
            case "reject":
                desk.commit(await working.reject(asked, "看不清", desk.deps))
            case _:
                desk.commit(await working.release(asked, desk.deps))
    except Refusal:
        return


IDS = [BIRTH_1, BIRTH_2, BIRTH_3, task_id(APP, "review", "housing"), task_id(APP, "field-check")]
DEEDS = st.tuples(st.sampled_from(IDS), st.sampled_from(["claim", "claim", "approve", "reject", "release"]))


async def _day(steps: Sequence[Delivery | tuple[str, str]]) -> Desk:
    desk = Desk()
    for step in steps:
        if isinstance(step, tuple):
            await _work(desk, *step)
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
    older = [event for event in desk.told if isinstance(event, published.ReviewApprovedV1)]
    newer = [event for event in desk.told if isinstance(event, published.ReviewApproved)]
    told = [
        event
        for event in desk.told
        if not isinstance(event, published.ReviewRequested | published.ReviewApprovedV1 | published.DataAccessed)
    ]
    assert [event.task_id for event in older] == [event.task_id for event in newer]
    decided = [id_ for id_, task in desk.tasks.all.items() if task.status in {"approved", "rejected"}]
    assert sorted(event.model_dump()["task_id"] for event in told) == sorted(decided)
    assert all(task.status in {"approved", "rejected", "cancelled"} for task in desk.tasks.all.values())


async def test_an_overdue_task_is_escalated_once_for_each_level_however_often_time_is_looked_at() -> None:
    desk = Desk()
    await desk.hear(failed())
    desk.clock.advance(timedelta(days=9))  # a downtime: both deadlines would have passed
    for _ in range(3):
        for outcome in await deadlines.escalate_overdue(desk.deps):
            desk.commit(outcome)
    event = desk.told[-1]
    assert desk.types().count("review-dispatch.review-escalated.v1") == 1
    assert isinstance(event, published.ReviewEscalated)
    assert (event.department, event.escalated_to) == ("health", "health-lead")
    assert (event.was_due_on, event.due_on) == (date(2026, 11, 26), date(2026, 12, 4))

    desk.clock.advance(timedelta(days=9))
    for outcome in await deadlines.escalate_overdue(desk.deps):
        desk.commit(outcome)
    assert desk.tasks.all[BIRTH_1].department == "district-supervision"
    desk.clock.advance(timedelta(days=90))
    assert list(await deadlines.escalate_overdue(desk.deps)) == []


async def test_what_is_decided_is_not_escalated() -> None:
    desk = Desk()
    await desk.hear(failed())
    for deed in ("claim", "approve"):
        await _work(desk, BIRTH_1, deed)
    desk.clock.advance(timedelta(days=30))
    assert list(await deadlines.escalate_overdue(desk.deps)) == []


async def test_a_request_for_correction_makes_one_task_that_goes_up_without_telling_an_application() -> None:
    desk = Desk()
    asked = CorrectionRequested(
        correction_id="cor_1",
        holder=Holder(resident_id="res_child", index="9f" * 32),
        document_type="birth-certificate",
        credential_id=None,
        identifier=None,
        origin=None,
        field="child_name",
        says=None,
        should_say="李思源",
        reason="写错了",
    )
    for _ in range(2):
        desk.commit(await requests.request_correction(received(asked), desk.deps))
    (task,) = desk.tasks.all.values()
    assert (task.kind, task.department, task.second_reviewer) == ("correction", "health", False)

    desk.clock.advance(timedelta(days=60))
    for outcome in await deadlines.escalate_overdue(desk.deps):
        desk.commit(outcome)

    assert desk.tasks.all[task.id].department == "district-supervision"
    assert desk.told == []


def erased(hour: int = 10) -> Delivery:
    """The case's data is gone."""
    event = _received(CasesErased(cases=[APP]), "applications.data-erased.v1", hour)
    return partial(erasing.erase_cases, event)


def erasure(hour: int) -> Delivery:
    """The child's guardian asks for erasure."""
    asked = ErasureRequested(erasure_id="era_1", holder=Whose(resident_id="res_child", index="9f" * 32))
    return partial(erasing.erase, _received(asked, "data-rights.erasure-requested.v1", hour))


async def test_the_tasks_of_an_erased_case_go_and_nothing_that_comes_late_makes_one_anew() -> None:
    desk = Desk()
    for delivery in (failed(), door(), decision(), withdrawn(), erased()):
        await desk.hear(delivery)
    assert desk.tasks.all == {}

    for delivery in (failed(attempt=2), failed("housing"), door(11), decision(11), rejected(12), erased(13)):
        await desk.hear(delivery)
    assert desk.tasks.all == {}


@given(st.permutations([failed(), failed(attempt=2), door(), decision(), withdrawn(), erased()]))
@settings(max_examples=60)
def test_wherever_the_erasure_comes_no_task_is_left(deliveries: list[Delivery]) -> None:
    assert asyncio.run(_after(deliveries)).tasks.all == {}


async def test_the_answer_waits_for_the_cases_that_are_about_to_go_and_not_for_ever() -> None:
    desk = Desk()
    for delivery in (failed(), withdrawn()):
        await desk.hear(delivery)
    desk.clock.advance(timedelta(hours=10))
    with pytest.raises(NotYet):
        await desk.hear(erasure(10))
    desk.clock.advance(timedelta(seconds=31))
    await desk.hear(erasure(10))
    assert [event.type for event in desk.told[-1:]] == ["review-dispatch.data-erased.v1"]

    await desk.hear(erased())
    await desk.hear(erasure(11))
    assert desk.told[-1].type == "review-dispatch.data-erased.v1"
