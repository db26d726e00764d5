"""The dispatch over memory: it hears events, people work, and what it publishes is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

from messaging.event import Event, Outcome, Received, View
from review_dispatch import published
from review_dispatch.config import Settings, load_district
from review_dispatch.consumed import ApplicationEnded, DecisionRequested, FieldCheckRequested, Holder, MatchFailed
from review_dispatch.domain.case import Case
from review_dispatch.domain.queue import Counted, Waiting, Wanted
from review_dispatch.domain.task import Task, task_id
from review_dispatch.handlers import endings, requests, working
from review_dispatch.handlers.needs import Deps
from review_dispatch.handlers.working import Approving, Asked, Words
from review_dispatch.store import TaskStore
from runtime.access import Principal, Role
from runtime.refusal import Refusal
from runtime.server_sent_events import Watch
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.scans import FakeCleaner, FakeFiles

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

    async def of(self, wanted: Wanted, today: date) -> Sequence[Counted]:
        """Count nothing."""
        return ()


@dataclass
class Desk:
    """Review dispatch in memory, and what it has published."""

    tasks: FakeDocuments[Task] = field(default_factory=lambda: FakeDocuments(Task))
    cases: FakeDocuments[Case] = field(default_factory=lambda: FakeDocuments(Case))
    clock: FakeClock = field(default_factory=lambda: FakeClock(MONDAY))
    files: FakeFiles = field(default_factory=lambda: FakeFiles(MONDAY))
    told: list[Event] = field(default_factory=list)

    @property
    def deps(self) -> Deps:
        """What the handlers are given."""
        store = TaskStore(self.tasks, self.clock)
        return Deps(
            store,
            self.cases,
            NobodyWaits(),
            DISTRICT,
            self.clock,
            NothingHeld(),
            Watch(store.states),
            self.files,
            FakeCleaner(),
        )

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


def failed(
    requirement: str = "birth",
    attempt: int = 1,
    *,
    reviewable: bool = True,
    hour: int = 0,
    promised: date | None = None,
) -> Delivery:
    """A document failed to match; `promised` is by when the whole application is."""
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
        due_on=promised,
    )
    return partial(requests.request_review, event_of(data, "matcher.match-failed.v1", hour))


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
    return partial(requests.request_field_check, event_of(data, "applications.field-check-requested.v1", hour))


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
    return partial(requests.request_decision, event_of(data, "applications.decision-requested.v1", hour))


def withdrawn(hour: int = 9) -> Delivery:
    """The applicant withdrew."""
    event = event_of(ApplicationEnded(application_id=APP), "applications.application-withdrawn.v1", hour)
    return partial(endings.close_withdrawn, event)


def rejected(hour: int = 9) -> Delivery:
    """The application was rejected."""
    event = event_of(ApplicationEnded(application_id=APP), "applications.application-rejected.v1", hour)
    return partial(endings.close_rejected, event)


def event_of(data: ViewT, kind: str, hour: int) -> Received[ViewT]:
    return Received(f"{kind}-{hour}", kind, "/yizheng/test", APP, MONDAY + timedelta(hours=hour), data)


async def after(deliveries: Sequence[Delivery]) -> Desk:
    desk = Desk()
    for delivery in deliveries:
        await desk.hear(delivery)
    return desk


WANG = Principal("wang", Role.REVIEWER, departments=frozenset({"health", "edu", "community"}))
"""Works for every department that the events bring work to."""


async def work(desk: Desk, id_: str, deed: str) -> None:
    """Have a person do something; being refused is part of the day."""
    asked = Asked(id_, WANG)
    try:
        match deed:
            case "claim":
                desk.commit(await working.claim(asked, desk.deps))
            case "approve":
                desk.commit(await working.approve(asked, Approving(), desk.deps))
            case "reject":
                desk.commit(await working.reject(asked, Words("看不清"), desk.deps))
            case _:
                desk.commit(await working.release(asked, desk.deps))
    except Refusal:
        return
