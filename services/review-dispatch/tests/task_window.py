"""The service behind its HTTP edge, all in memory, and tasks to put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from messaging.documents import Write
from messaging.event import Event, Outcome
from review_dispatch import api
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import requesting
from review_dispatch.domain.case import Case
from review_dispatch.domain.queue import Counted, Waiting, Wanted
from review_dispatch.domain.record import Holder
from review_dispatch.domain.task import Comparison, DocumentReview, DoorCheck, OfficerDecision, Scan, Task
from review_dispatch.handlers.needs import Deps
from review_dispatch.published import DataAccessed, TaskClaimed, TaskReleased
from review_dispatch.store import TaskStore
from runtime import problems
from runtime.access import NotAuthenticatedError, Principal, Role
from runtime.idempotency import Answer, Repeated
from runtime.rates import DEFAULT, RateLimit
from runtime.server_sent_events import Watch
from runtime.texts import Texts
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.scans import FakeFiles

DISTRICT = load_district(Settings().data)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PEOPLE = {
    "hall": Principal("hall", Role.REVIEWER, departments=frozenset({"service-hall"})),
    "wang": Principal("wang", Role.REVIEWER, departments=frozenset({"health", "land"})),
    "zhao": Principal("zhao", Role.REVIEWER, departments=frozenset({"health", "land"})),
    "housing": Principal("housing", Role.REVIEWER, departments=frozenset({"housing"})),
    "rental": Principal("rental", Role.REVIEWER, departments=frozenset({"housing"})),
    "edu": Principal("edu", Role.REVIEWER, departments=frozenset({"edu"})),
    "grid": Principal("grid", Role.GRID_OFFICER, communities=frozenset({"440309002001"})),
    "health-lead": Principal("health-lead", Role.REVIEWER, departments=frozenset({"health-lead"})),
    "land-lead": Principal("land-lead", Role.REVIEWER, departments=frozenset({"land-lead"})),
    "grid-too": Principal("grid-too", Role.GRID_OFFICER, communities=frozenset({"440309002001"})),
    "grid-elsewhere": Principal("grid-elsewhere", Role.GRID_OFFICER, communities=frozenset({"440309001001"})),
    "official": Principal("official", Role.OFFICIAL),
    "operator": Principal("operator", Role.OPERATOR),
    "man": Principal("res_man", Role.RESIDENT),
    "child": Principal("res_child", Role.RESIDENT),
    "other": Principal("res_other", Role.RESIDENT),
}


class NamedTokens:
    """A verifier for which a token is simply the person's name."""

    bound: frozenset[Role] = frozenset()

    async def verify(self, token: str) -> Principal:
        """Return the person."""
        if token not in PEOPLE:
            raise NotAuthenticatedError("bad-token")
        return PEOPLE[token]


class NothingRepeated:
    """No idempotency key was used before."""

    async def find(self, repeated: Repeated) -> Answer | None:
        """Find nothing."""
        return None


class CountedQueues:
    """A count that finds a queue and a small one."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count."""
        return (
            Waiting(kind="review", department="health", waiting=13, overdue=4),
            Waiting(kind="decision", department="edu", waiting=4, overdue=0),
        )

    async def of(self, wanted: Wanted, today: date) -> Sequence[Counted]:
        """Count."""
        return tuple(
            Counted(
                kind="review",
                place="health",
                document_type="birth-certificate",
                claimed_by=by,
                waiting=waiting,
                overdue=overdue,
                due_today=due_today,
                next_due_on=day,
            )
            for by, waiting, overdue, due_today, day in (
                (None, 1, 0, 1, today),
                ("wang", 2, 1, 0, today - timedelta(days=3)),
            )
        )


class MarkingCleaner:
    """Makes every file anew, so that one sees it."""

    async def clean(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return it with a mark."""
        return content + b" cleaned"


class MemoryKernel:
    """Commits to the fakes and keeps what would have been published: who has what in hand apart from decisions."""

    def __init__(self) -> None:
        self.idempotency = NothingRepeated()
        self.told: list[Event] = []
        self.hands: list[TaskClaimed | TaskReleased] = []

    async def commit(self, outcome: Outcome[Any], *, extra: Sequence[Write]) -> None:
        """Commit, as the real one does."""
        assert outcome.case is not None or not outcome.events
        apply(outcome)
        for event in outcome.events:
            if isinstance(event, TaskClaimed | TaskReleased):
                self.hands.append(event)
            else:
                self.told.append(event)


@dataclass
class Window:
    """The service behind its HTTP edge, all in memory."""

    http: httpx.AsyncClient
    tasks: FakeDocuments[Task]
    kernel: MemoryKernel
    files: FakeFiles
    clock: FakeClock
    store: TaskStore
    deps: Deps

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send one request as somebody."""
        signed = {"Authorization": f"Bearer {who}", "Accept-Language": "en", **headers}
        return await self.http.request(method, f"/v1/tasks{path}", json=body, headers=signed)

    async def visit(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send one request about a visit, as a resident does."""
        signed = {"Authorization": f"Bearer {who}", "Accept-Language": "en", **headers}
        return await self.http.request(method, f"/v1/visits{path}", json=body, headers=signed)

    async def photograph(self, who: str, task: Task, content: bytes) -> httpx.Response:
        """Hand in a photograph."""
        signed = {"Authorization": f"Bearer {who}", "Accept-Language": "en"}
        file = {"file": ("door.jpg", content, "image/jpeg")}
        return await self.http.post(f"/v1/tasks/{task.id}/photographs", files=file, headers=signed)

    async def claim(self, who: str, task: Task) -> httpx.Response:
        """Claim a task."""
        return await self.ask(who, "POST", f"/{task.id}/claim")

    def keep(self, task: Task) -> Task:
        """Put a task into the store."""
        apply(Outcome(changes=[self.tasks.save(task)]))
        return task

    def types(self) -> list[str]:
        """The types of what was published, without what tells of looks."""
        return [event.type.removeprefix("review-dispatch.") for event in self.facts()]

    def facts(self) -> list[Event]:
        """What was published, without what tells of looks."""
        return [event for event in self.kernel.told if not isinstance(event, DataAccessed)]

    def looks(self) -> list[DataAccessed]:
        """What was told of looks."""
        return [event for event in self.kernel.told if isinstance(event, DataAccessed)]


@asynccontextmanager
async def opened() -> AsyncIterator[Window]:
    """Open the service in memory."""
    tasks, kernel, app = FakeDocuments(Task), MemoryKernel(), FastAPI()
    app.state.kernel, app.state.verifier = kernel, NamedTokens()
    app.state.rate_limit = RateLimit.from_file(DEFAULT)
    files, clock = FakeFiles(NOW), FakeClock(NOW)
    store = TaskStore(tasks, clock)
    deps = app.state.deps = Deps(
        store,
        FakeDocuments(Case),
        CountedQueues(),
        DISTRICT,
        clock,
        NothingHeld(),
        Watch(store.states),
        files,
        MarkingCleaner(),
    )
    app.include_router(api.router, prefix="/v1")
    problems.install(app, Texts.of("standards", "runtime", "review_dispatch"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Window(http, tasks, kernel, files, clock, store, deps)


def review(document_type: str = "birth-certificate", *, application: str = "app_1", asked: datetime = NOW) -> Task:
    about = DocumentReview(
        requirement="proof",
        attempt=1,
        document_type=document_type,
        document_types=(document_type,),
        holder=Holder(resident_id="res_child", index="9f" * 32),
        comparison=(
            Comparison(
                field="certificate_number", result="different", reason="value-differs", claimed="O43", held="O44"
            ),
        ),
        claims={"certificate_number": "O43"},
        scans=(Scan(scan_id="s1", document_type=document_type, media_type="image/png", size=9, sha256="ab"),),
    )
    return requesting.review(application, "school-enrolment", about, None, district=DISTRICT, at=asked)


def door() -> Task:
    concerned = (Holder(resident_id="res_man", index="7c" * 32),)
    about = DoorCheck(applicant_name="李育成", address="民乐新村3栋502", community="440309002001", concerns=concerned)
    return requesting.door_check("app_2", "residence-permit", about, date(2026, 11, 27), district=DISTRICT, at=NOW)


def decision() -> Task:
    about = OfficerDecision(subject_name="李思远", proven=())
    due = date(2026, 12, 18)
    return requesting.decision("app_3", "school-enrolment", about, "edu", due, district=DISTRICT, at=NOW)


def told(answer: httpx.Response) -> tuple[int, str]:
    """A refusal's status and code; each has its texts."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["action"]
    return answer.status_code, problem["code"]
