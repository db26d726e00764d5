"""The service behind its HTTP edge, all in memory, and tasks to put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from bus.event import Event, Outcome
from privacy.own_requests import OwnRequests
from review_dispatch import api
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import new_tasks
from review_dispatch.domain.case import Case
from review_dispatch.domain.queue import QueueCount, QueueQuery, Waiting
from review_dispatch.domain.record import DocumentHolder
from review_dispatch.domain.task import Comparison, DocumentReview, DoorCheck, OfficerDecision, Task, TaskScan
from review_dispatch.events import DataAccessed, TaskClaimed, TaskReleased
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.store import WaitingCount
from runtime.texts import Texts
from store.repository import Write
from task_desk import FakeTasks
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply
from testkit.people import SigningPerson, signed_requests
from testkit.scans import FakeFiles, FakeSanitiser
from testkit.vaults import GlassVault
from web import problems
from web.auth import NotAuthenticatedError, Principal, Role
from web.idempotency import Repeated, StoredAnswer
from web.rates import DEFAULT, RateLimit
from web.server_sent_events import Watch

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


SIGNER = SigningPerson("anybody")


class NamedTokens:
    """A verifier for which a token is simply the person's name."""

    bound: frozenset[Role] = frozenset()

    async def verify(self, token: str) -> Principal:
        """Return the person; with a `~` behind the name, one whose token is bound to a key."""
        name, _, _ = token.partition("~")
        if name not in PEOPLE:
            raise NotAuthenticatedError("bad-token")
        return replace(PEOPLE[name], key=SIGNER.thumbprint) if name != token else PEOPLE[name]


class NothingRepeated:
    """No idempotency key was used before."""

    async def find(self, repeated: Repeated) -> StoredAnswer | None:
        """Find nothing."""
        return None


class CountedQueues(WaitingCount):
    """A count that finds a queue and a small one."""

    def __init__(self) -> None:
        """Look at no database."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count."""
        return (
            Waiting(kind="review", department="health", waiting=13, overdue=4),
            Waiting(kind="decision", department="edu", waiting=4, overdue=0),
        )

    async def of(self, wanted: QueueQuery, today: date) -> Sequence[QueueCount]:
        """Count."""
        return tuple(
            QueueCount(
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


class MarkingCleaner(FakeSanitiser):
    """Makes every file anew, so that one sees it."""

    async def sanitise(self, content: bytes, media_type: str, person: str) -> bytes:
        return content + b" cleaned"


class MemoryKernel:
    """Commits to the fakes and keeps what would have been published: who has what in hand apart from decisions."""

    def __init__(self) -> None:
        self.idempotency = NothingRepeated()
        self.vault = GlassVault()
        self.told: list[Event] = []
        self.hands: list[TaskClaimed | TaskReleased] = []

    async def commit(self, outcome: Outcome[Any], *, extra: Sequence[Write]) -> None:
        """Commit, as the real one does."""
        assert outcome.case is not None or not outcome.published
        apply(outcome)
        for event in outcome.published:
            if isinstance(event, TaskClaimed | TaskReleased):
                self.hands.append(event)
            else:
                self.told.append(event)


@dataclass
class Window:
    """The service behind its HTTP edge, all in memory."""

    http: httpx.AsyncClient
    tasks: FakeTasks
    runtime: MemoryKernel
    files: FakeFiles
    clock: FakeClock
    deps: Deps

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send one request as somebody, signed."""
        content = b"" if body is None else orjson.dumps(body)
        url = f"{self.http.base_url.join(f'/v1/tasks{path}')}"
        signed = SIGNER.headers(method, url, f"{who}~", content)
        given = {"Accept-Language": "en", "Content-Type": "application/json", **signed, **headers}
        return await self.http.request(method, f"/v1/tasks{path}", content=content, headers=given)

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
        return [event for event in self.runtime.told if not isinstance(event, DataAccessed)]

    def looks(self) -> list[DataAccessed]:
        return [event for event in self.runtime.told if isinstance(event, DataAccessed)]


@asynccontextmanager
async def opened() -> AsyncIterator[Window]:
    """Open the service in memory."""
    runtime, app = MemoryKernel(), FastAPI()
    app.state.runtime, app.state.verifier = runtime, NamedTokens()
    app.state.rate_limit = RateLimit.from_file(DEFAULT)
    files, clock = FakeFiles(NOW), FakeClock(NOW)
    tasks = FakeTasks(clock)
    deps = app.state.deps = Deps(
        tasks,
        FakeDocuments(Case),
        CountedQueues(),
        DISTRICT,
        clock,
        NothingHeld(),
        OwnRequests(signed_requests({}, clock)),
        Watch(tasks.states),
        files,
        MarkingCleaner(),
    )
    app.include_router(api.router, prefix="/v1")
    problems.install(app, Texts.of("standards", "runtime", "review_dispatch"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Window(http, tasks, runtime, files, clock, deps)


def review(document_type: str = "birth-certificate", *, application: str = "app_1", asked: datetime = NOW) -> Task:
    about = DocumentReview(
        requirement="proof",
        attempt=1,
        document_type=document_type,
        document_types=(document_type,),
        holder=DocumentHolder(resident_id="res_child", index="9f" * 32),
        comparison=(
            Comparison(
                field="certificate_number", result="different", reason="value-differs", claimed="O43", held="O44"
            ),
        ),
        claims={"certificate_number": "O43"},
        scans=(TaskScan(scan_id="s1", document_type=document_type, media_type="image/png", size=9, sha256="ab"),),
    )
    return new_tasks.review(application, "school-enrolment", about, None, district=DISTRICT, at=asked)


def door() -> Task:
    concerned = (DocumentHolder(resident_id="res_man", index="7c" * 32),)
    about = DoorCheck(applicant_name="李育成", address="民乐新村3栋502", community="440309002001", concerns=concerned)
    return new_tasks.door_check("app_2", "residence-permit", about, date(2026, 11, 27), district=DISTRICT, at=NOW)


def decision() -> Task:
    about = OfficerDecision(subject_name="李思远", proven=())
    due = date(2026, 12, 18)
    return new_tasks.decision("app_3", "school-enrolment", about, "edu", due, district=DISTRICT, at=NOW)


def told(answer: httpx.Response) -> tuple[int, str]:
    """A refusal's status and code; each has its texts."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["action"]
    return answer.status_code, problem["code"]
