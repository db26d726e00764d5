"""The dispatch over memory: it hears events, people work, and what it publishes is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

from bus.event import Event, Outcome, Received, View
from privacy.own_requests import OwnRequests
from review_dispatch import events
from review_dispatch.config import Settings, load_district
from review_dispatch.domain.case import Case
from review_dispatch.domain.queue import Waiting
from review_dispatch.domain.task import Task, task_id
from review_dispatch.handlers import endings, requests, task_actions
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.task_actions import Approving, TaskRequest, Words
from review_dispatch.store import TaskStore, WaitingCount
from review_dispatch.views import (
    ApplicationEnded,
    DecisionRequested,
    FailedDocument,
    FieldCheckRequested,
    Holder,
    MatchFailed,
)
from runtime.clock import Clock
from runtime.errors import Refusal
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.people import signed_requests
from testkit.scans import FakeFiles, FakeSanitiser
from web.auth import Principal, Role
from web.server_sent_events import Watch

DISTRICT = load_district(Settings().data)
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
APP = "app_1"
BIRTH_1, BIRTH_2, BIRTH_3 = (task_id(APP, "review", "birth", attempt) for attempt in (1, 2, 3))
ViewT = TypeVar("ViewT", bound=View)
Delivery = Callable[[Deps], Awaitable[Outcome[None]]]


class FakeTasks(TaskStore, FakeDocuments[Task]):
    def __init__(self, clock: Clock) -> None:
        FakeDocuments.__init__(self, Task)
        self._clock = clock


class NobodyWaits(WaitingCount):
    """A count that finds nothing; what is counted is the store's business."""

    def __init__(self) -> None:
        """Look at no database."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count nothing."""
        return ()


@dataclass
class Desk:
    """Review dispatch in memory, and what it has published."""

    cases: FakeDocuments[Case] = field(default_factory=lambda: FakeDocuments(Case))
    clock: FakeClock = field(default_factory=lambda: FakeClock(MONDAY))
    files: FakeFiles = field(default_factory=lambda: FakeFiles(MONDAY))
    told: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks = FakeTasks(self.clock)

    @property
    def deps(self) -> Deps:
        """What the handlers are given."""
        return Deps(
            self.tasks,
            self.cases,
            NobodyWaits(),
            DISTRICT,
            self.clock,
            NothingHeld(),
            OwnRequests(signed_requests({}, self.clock)),
            Watch(self.tasks.states),
            self.files,
            FakeSanitiser(),
        )

    async def hear(self, delivery: Delivery) -> None:
        """Have an event handled and committed."""
        self.commit(await delivery(self.deps))

    def commit(self, outcome: Outcome[Task] | Outcome[None]) -> None:
        """Commit an outcome and note what it publishes."""
        apply(outcome)
        hands = (events.TaskClaimed, events.TaskReleased)  # under test at the windows (test_task_looks.py)
        self.told.extend(event for event in outcome.published if not isinstance(event, hands))

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
    return failed_together(unproven(requirement, attempt, reviewable=reviewable), hour=hour, promised=promised)


def failed_together(*documents: FailedDocument, hour: int = 0, promised: date | None = None) -> Delivery:
    """Documents of one submission failed to match."""
    data = MatchFailed(
        application_id=APP,
        item="school-enrolment",
        documents=list(documents),
        community="440309002001",
        due_on=promised,
    )
    return partial(requests.request_reviews, event_of(data, "matcher.match-failed.v2", hour))


def unproven(requirement: str = "birth", attempt: int = 1, *, reviewable: bool = True) -> FailedDocument:
    """A document that failed to match."""
    return FailedDocument(
        requirement=requirement,
        attempt=attempt,
        document_type="birth-certificate",
        document_types=["birth-certificate"],
        holder=Holder(resident_id="res_child", index="9f" * 32),
        fields=[],
        claims={"child_name": "李思远"},
        scans=[],
        reviewable=reviewable,
    )


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
    asked = TaskRequest(id_, WANG)
    try:
        match deed:
            case "claim":
                desk.commit(await task_actions.claim(asked, desk.deps))
            case "approve":
                desk.commit(await task_actions.approve(asked, Approving(), desk.deps))
            case "reject":
                desk.commit(await task_actions.reject(asked, Words("看不清"), desk.deps))
            case _:
                desk.commit(await task_actions.release(asked, desk.deps))
    except Refusal:
        return
