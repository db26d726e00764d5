"""The tasks over HTTP: who may do what, what each refusal says, and what nobody gets to see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from messaging.documents import Write
from messaging.event import Event, Outcome
from review_dispatch import api
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import requesting
from review_dispatch.domain.cancelling import cancel
from review_dispatch.domain.case import Case
from review_dispatch.domain.escalating import escalate
from review_dispatch.domain.queue import Waiting
from review_dispatch.domain.task import (
    AskedCorrection,
    Comparison,
    DisputedAccess,
    DocumentReview,
    DoorCheck,
    Holder,
    OfficerDecision,
    Scan,
    Task,
)
from review_dispatch.handlers import exporting
from review_dispatch.handlers.needs import Deps
from review_dispatch.published import (
    CorrectionAnswered,
    DataAccessed,
    DataExported,
    DisputeAnswered,
    TaskClaimed,
    TaskReleased,
)
from review_dispatch.store import TaskStore
from runtime import exports, problems
from runtime.access import NotAuthenticatedError, Principal, Role
from runtime.holders import Holder as Whose
from runtime.idempotency import Answer, Repeated
from runtime.rates import DEFAULT, RateLimit
from runtime.texts import Texts
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld, apply, received

DISTRICT = load_district(Settings().data)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)

PEOPLE = {
    "wang": Principal("wang", Role.REVIEWER, departments=frozenset({"health", "land"})),
    "zhao": Principal("zhao", Role.REVIEWER, departments=frozenset({"health", "land"})),
    "edu": Principal("edu", Role.REVIEWER, departments=frozenset({"edu"})),
    "grid": Principal("grid", Role.GRID_OFFICER, communities=frozenset({"440309002001"})),
    "grid-elsewhere": Principal("grid-elsewhere", Role.GRID_OFFICER, communities=frozenset({"440309001001"})),
    "official": Principal("official", Role.OFFICIAL),
    "operator": Principal("operator", Role.OPERATOR),
    "child": Principal("res_child", Role.RESIDENT),
    "other": Principal("res_other", Role.RESIDENT),
}


class NamedTokens:
    """A verifier for which a token is simply the person's name."""

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


class Counted:
    """A count that finds a queue and a small one."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count."""
        return (
            Waiting(kind="review", department="health", waiting=13, overdue=4),
            Waiting(kind="decision", department="edu", waiting=4, overdue=0),
        )


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

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send one request as somebody."""
        signed = {"Authorization": f"Bearer {who}", "Accept-Language": "en", **headers}
        return await self.http.request(method, f"/v1/tasks{path}", json=body, headers=signed)

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


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    tasks, kernel, app = FakeDocuments(Task), MemoryKernel(), FastAPI()
    app.state.kernel, app.state.verifier = kernel, NamedTokens()
    app.state.rate_limit = RateLimit.from_file(DEFAULT)
    app.state.deps = Deps(TaskStore(tasks), FakeDocuments(Case), Counted(), DISTRICT, FakeClock(NOW), NothingHeld())
    app.include_router(api.router, prefix="/v1")
    problems.install(app, Texts.of("standards", "runtime", "review_dispatch"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Window(http, tasks, kernel)


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
    return requesting.review(
        application, "school-enrolment", about, None, district=DISTRICT, at=asked, today=asked.date()
    )


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


async def test_a_queue_shows_only_what_is_the_reviewers(window: Window) -> None:
    window.keep(review())
    window.keep(decision())
    window.keep(door())
    mine = (await window.ask("wang", "GET", "")).json()["items"]
    assert [task["document_type"] for task in mine] == [{"code": "birth-certificate", "name": "Birth certificate"}]
    assert [task["kind"]["code"] for task in (await window.ask("grid", "GET", "")).json()["items"]] == ["field-check"]
    assert (await window.ask("grid-elsewhere", "GET", "")).json()["items"] == []
    assert len((await window.ask("operator", "GET", "")).json()["items"]) == 3


async def test_a_queue_says_nothing_about_the_person(window: Window) -> None:
    window.keep(door())
    assert "李育成" not in (await window.ask("grid", "GET", "")).text


@pytest.mark.parametrize(
    ("who", "query", "code"),
    [
        ("wang", "department=edu", "department-of-others"),
        ("grid", "community=440309001001", "community-of-others"),
    ],
)
async def test_nobody_asks_for_somebody_elses_queue(window: Window, who: str, query: str, code: str) -> None:
    assert told(await window.ask(who, "GET", f"?{query}")) == (403, code)


async def test_a_grid_officer_asks_for_doors_only(window: Window) -> None:
    assert told(await window.ask("grid", "GET", "?kind=review")) == (422, "grid-officers-check-doors")


async def test_filters_narrow_the_queue(window: Window) -> None:
    late = window.keep(review(application="app_late", asked=NOW - timedelta(days=20)))
    house = window.keep(review("property-certificate", application="app_house"))
    await window.claim("wang", house)

    async def found(query: str) -> list[str]:
        answer = await window.ask("wang", "GET", f"?{query}")
        return [task["task_id"] for task in answer.json()["items"]]

    assert await found("overdue=true") == [late.id]
    assert await found("mine=true") == [house.id]
    assert await found("status=claimed") == [house.id]
    assert await found("status=open&status=claimed") == [late.id, house.id]
    assert await found("document_type=property-certificate") == [house.id]
    assert await found("application_id=app_late") == [late.id]
    assert await found("department=land") == [house.id]
    assert await found("kind=decision") == []


async def test_pages_follow_each_other_without_gaps_or_repetitions(window: Window) -> None:
    kept = {window.keep(review(application=f"app_{n}")).id for n in range(5)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = (await window.ask("wang", "GET", f"?limit=2{cursor and f'&cursor={cursor}'}")).json()
        seen += [task["task_id"] for task in answer["items"]]
        cursor = answer["next"]
    assert len(seen) == len(set(seen)) == 5
    assert set(seen) == kept


async def test_a_cursor_of_ones_own_making_is_refused(window: Window) -> None:
    assert told(await window.ask("wang", "GET", "?cursor=WzFd"))[1] == "bad-cursor"


async def test_values_are_shown_side_by_side_to_whoever_has_claimed_it(window: Window) -> None:
    task = window.keep(review())
    before = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert before["values_hidden"]
    assert before["document"]["comparison"][0]["result"] == {"code": "different", "name": "Different"}
    assert (before["document"]["comparison"][0]["held"], before["document"]["claims"]) == (
        None,
        {"certificate_number": None},
    )

    await window.claim("wang", task)
    after = (await window.ask("wang", "GET", f"/{task.id}")).json()
    compared = after["document"]["comparison"][0]
    assert (compared["claimed"], compared["held"]) == ("O43", "O44")
    assert compared["reason"] == {"code": "value-differs", "name": "it is something else"}
    assert after["document"]["scans"][0]["href"] == "/v1/applications/app_1/scans/s1"
    assert after["document"]["may_enter"]["parents"] == "names"
    assert after["document"]["may_return"] == ["certificate_number", "scans"]
    assert (await window.ask("zhao", "GET", f"/{task.id}")).json()["values_hidden"]
    assert (await window.ask("operator", "GET", f"/{task.id}")).json()["values_hidden"]


async def test_what_describes_a_person_is_hidden_again_when_the_task_leaves_the_hand(window: Window) -> None:
    given_back, decided = window.keep(review()), window.keep(review(application="app_9"))
    for task in (given_back, decided):
        await window.ask("zhao", "POST", f"/{task.id}/notes", {"text": "李女士来电"})
        assert "李女士来电" not in (await window.ask("wang", "GET", f"/{task.id}")).text
        assert "李女士来电" in (await window.claim("wang", task)).text
    for task, deed, body in ((given_back, "release", None), (decided, "approval", {"note": "属实"})):
        answers = [await window.ask("wang", "POST", f"/{task.id}/{deed}", body)]
        answers.append(await window.ask("wang", "GET", f"/{task.id}"))
        for answer in answers:
            assert answer.json()["values_hidden"]
            assert not [word for word in ("O43", "O44", "李女士来电") if word in answer.text]


async def test_a_reviewer_who_leaves_the_department_sees_no_more(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    moved = PEOPLE["wang"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PEOPLE, "wang", Principal(moved.subject, moved.role, departments=frozenset({"edu"})))
        assert told(await window.ask("wang", "GET", f"/{task.id}")) == (403, "task-of-others")


async def test_others_are_told_who_has_a_task_in_hand_and_since_when_nobody(window: Window) -> None:
    task = window.keep(review("property-certificate"))
    await window.claim("wang", task)
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/notes", {"text": "?"})
    await window.ask("wang", "POST", f"/{task.id}/release")
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/approval", {})
    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/approval", {})
    told_of = [(type(event).__name__, event.claimed_by) for event in window.kernel.hands]
    assert told_of == [(kind, who) for who in ("wang", "wang", "zhao") for kind in ("TaskClaimed", "TaskReleased")]
    because = [event.because for event in window.kernel.hands if isinstance(event, TaskReleased)]
    assert because == ["released", "first-approval", "decided"]
    sequences = [event.sequence for event in window.kernel.hands]
    assert sequences == sorted(set(sequences))
    assert window.tasks.all[task.id].version == sequences[-1]


async def test_officials_see_counts_and_no_tasks(window: Window) -> None:
    task = window.keep(review())
    assert told(await window.ask("official", "GET", "")) == (403, "wrong-role")
    assert told(await window.ask("official", "GET", f"/{task.id}")) == (403, "wrong-role")
    counted = (await window.ask("official", "GET", "/statistics")).json()["queues"]
    assert [(each["department"]["code"], each["waiting"], each["overdue"]) for each in counted] == [
        ("edu", 0, 0),
        ("health", 10, 0),
    ]


async def test_a_task_of_another_department_or_community_is_refused(window: Window) -> None:
    task, check = window.keep(review()), window.keep(door())
    assert told(await window.ask("edu", "GET", f"/{task.id}")) == (403, "task-of-others")
    assert told(await window.claim("edu", task)) == (403, "task-of-others")
    assert told(await window.claim("grid-elsewhere", check)) == (403, "task-of-others")
    assert told(await window.claim("grid", task)) == (403, "task-of-others")


async def test_residents_and_strangers_have_no_queue(window: Window) -> None:
    assert told(await window.ask("child", "GET", "")) == (403, "wrong-role")
    assert told(await window.ask("nobody", "GET", "")) == (401, "bad-token")
    assert told(await window.claim("official", window.keep(review()))) == (403, "wrong-role")


async def test_an_unknown_task_is_not_found(window: Window) -> None:
    assert told(await window.ask("wang", "GET", "/task_x")) == (404, "no-such-task")
    assert told(await window.ask("wang", "POST", "/task_x/claim")) == (404, "no-such-task")


async def test_a_claim_tells_the_next_one_who_has_it(window: Window) -> None:
    task = window.keep(review())
    taken = await window.claim("wang", task)
    assert (taken.status_code, taken.json()["claimed_by"], taken.headers["etag"]) == (200, "wang", '"2"')
    assert taken.json()["version"] == 2
    refused = await window.claim("zhao", task)
    assert told(refused) == (409, "task-claimed-by-another")
    assert "wang" in refused.json()["detail"]


async def test_a_refusal_is_in_chinese_unless_english_is_asked_for(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    refused = await window.http.post(f"/v1/tasks/{task.id}/claim", headers={"Authorization": "Bearer zhao"})
    assert refused.json()["title"] == "已有人认领"


async def test_an_approval_is_published_with_the_approved_values(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    answer = await window.ask("wang", "POST", f"/{task.id}/approval", {"fields": {"parents": ["李育成", "陈静"]}})
    assert answer.json()["status"] == {"code": "approved", "name": "Approved"}
    assert window.types() == ["review-approved.v2", "review-approved.v1"]
    event, older = (told.model_dump() for told in window.facts())
    assert event["fields"] == older["fields"] == {"certificate_number": "O43", "parents": ["李育成", "陈静"]}
    assert ([it["reviewer"] for it in event["approvals"]], event["department"]) == (["wang"], "health")
    assert (older["reviewer"], older["second_reviewer"], older["department"]) == ("wang", None, "health")


async def test_two_people_approve_what_asks_for_it(window: Window) -> None:
    task = window.keep(review("property-certificate"))
    await window.claim("wang", task)
    first = await window.ask("wang", "POST", f"/{task.id}/approval", {"note": "登记簿相符"})
    assert first.json()["status"]["code"] == "awaiting-second"
    assert window.types() == []
    assert told(await window.claim("wang", task)) == (409, "second-reviewer-is-first")
    assert told(await window.ask("wang", "POST", f"/{task.id}/approval", {})) == (409, "second-reviewer-is-first")
    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/approval", {"note": "复核无误"})
    event, older = (told.model_dump() for told in window.facts())
    assert [(it["reviewer"], it["note"]) for it in event["approvals"]] == [("wang", "登记簿相符"), ("zhao", "复核无误")]
    assert (older["reviewer"], older["second_reviewer"], older["note"]) == ("wang", "zhao", "复核无误")


async def test_deciding_on_somebody_elses_claim_is_refused_and_leaves_nothing_behind(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    bodies = {"approval": {}, "rejection": {"reason": "?"}, "return": {"field": "scans", "message": "?"}}
    for deed, body in bodies.items():
        assert told(await window.ask("zhao", "POST", f"/{task.id}/{deed}", body)) == (409, "task-claimed-by-another")
    assert window.types() == []
    assert window.tasks.all[task.id].status == "claimed"


async def test_approval_after_a_withdrawal_says_that_it_was_withdrawn(window: Window) -> None:
    task = window.keep(cancel(review(), "withdrawn", NOW))
    refused = await window.ask("wang", "POST", f"/{task.id}/approval", {})
    assert told(refused) == (409, "task-cancelled-withdrawn")
    assert "withdrew" in refused.json()["detail"]
    assert window.types() == []


async def test_a_rejection_and_a_return_are_published_with_what_the_applicant_reads(window: Window) -> None:
    first, second = window.keep(review()), window.keep(review(application="app_9"))
    for task in (first, second):
        await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{first.id}/rejection", {"reason": "印章无法辨认"})
    await window.ask("wang", "POST", f"/{second.id}/return", {"field": "certificate_number", "message": "请填写编号"})
    assert window.types() == ["review-rejected.v1", "review-returned.v1"]
    rejected, returned = (event.model_dump() for event in window.facts())
    assert rejected["reason"] == "印章无法辨认"
    assert (returned["field"], returned["message"]) == ("certificate_number", "请填写编号")


async def test_a_return_must_name_a_compared_field(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    refused = await window.ask("wang", "POST", f"/{task.id}/return", {"field": "shoe_size", "message": "?"})
    assert told(refused) == (422, "return-field-not-compared")
    assert refused.json()["errors"][0]["pointer"] == "#/field"


async def test_a_grid_officer_passes_or_fails_a_door(window: Window) -> None:
    check = window.keep(door())
    shown = (await window.claim("grid", check)).json()
    assert shown["door"] == {"applicant_name": "李育成", "address": "民乐新村3栋502"}
    assert shown["community"]["name"] == "Minzhi"
    await window.ask("grid", "POST", f"/{check.id}/approval", {"note": "本人居住"})
    assert window.types() == ["field-check-passed.v1"]

    another = window.keep(door().model_copy(update={"id": "task_other"}))
    await window.claim("grid", another)
    await window.ask("grid", "POST", f"/{another.id}/rejection", {"reason": "无人居住"})
    assert window.types()[-1] == "field-check-failed.v1"


async def test_an_officer_decides(window: Window) -> None:
    task = window.keep(decision())
    await window.claim("edu", task)
    await window.ask("edu", "POST", f"/{task.id}/rejection", {"reason": "不在学区"})
    assert window.types() == ["decision-made.v1"]
    event = window.facts()[0].model_dump()
    assert (event["approved"], event["reason"], event["officer"]) == (False, "不在学区", "edu")


async def test_fields_belong_to_documents_only(window: Window) -> None:
    task = window.keep(decision())
    await window.claim("edu", task)
    refused = await window.ask("edu", "POST", f"/{task.id}/approval", {"valid_until": "2030-01-01"})
    assert told(refused) == (422, "approval-has-no-document")


async def test_a_note_is_kept_and_changes_nothing_else(window: Window) -> None:
    task = window.keep(review())
    answer = await window.ask("wang", "POST", f"/{task.id}/notes", {"text": "已致电医院"})
    assert answer.status_code == 201
    assert answer.json()["status"]["code"] == "open"
    assert answer.json()["steps"][-1]["note"] == "已致电医院"


@pytest.mark.parametrize(
    ("deed", "body"),
    [("rejection", {}), ("rejection", {"reason": "  "}), ("return", {"field": "scans"}), ("notes", {"txt": "?"})],
)
async def test_a_body_that_lacks_or_misspells_something_is_refused(window: Window, deed: str, body: object) -> None:
    task = window.keep(review())
    assert told(await window.ask("wang", "POST", f"/{task.id}/{deed}", body)) == (422, "invalid-input")


async def test_a_change_made_on_an_older_version_is_refused(window: Window) -> None:
    task = window.keep(review())
    seen = (await window.ask("wang", "GET", f"/{task.id}")).headers["etag"]
    assert seen == '"1"'
    await window.ask("zhao", "POST", f"/{task.id}/notes", {"text": "?"})
    stale = await window.ask("wang", "POST", f"/{task.id}/claim", **{"If-Match": seen})
    assert told(stale) == (412, "stale-version")
    assert (await window.ask("wang", "POST", f"/{task.id}/claim", **{"If-Match": '"2"'})).status_code == 200


async def test_what_happened_by_itself_is_told_in_words(window: Window) -> None:
    late = escalate(review(), DISTRICT, today=date(2026, 11, 30), at=NOW)
    task = window.keep(cancel(late, "withdrawn", NOW))
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert [step["note"] for step in shown["steps"]] == [None, "From Health", "The applicant withdrew"]
    assert shown["escalated"]


async def test_whoever_is_shown_values_or_decides_is_told_of_and_nobody_else(window: Window) -> None:
    task = window.keep(review())
    for onlooker in ("wang", "zhao"):
        await window.ask(onlooker, "GET", f"/{task.id}")
    assert window.looks() == []

    await window.claim("wang", task)
    await window.ask("wang", "GET", f"/{task.id}")
    await window.ask("wang", "POST", f"/{task.id}/approval", {})
    assert [(look.by.subject, look.how, look.holder.resident_id) for look in window.looks()] == [
        ("wang", "viewed", "res_child"),
        ("wang", "viewed", "res_child"),
        ("wang", "worked-on", "res_child"),
    ]
    assert {look.application_id for look in window.looks()} == {"app_1"}
    assert [each.document_type for each in window.looks()[0].documents] == ["birth-certificate"]


async def test_a_door_check_is_told_to_those_who_live_there(window: Window) -> None:
    task = window.keep(door())
    await window.claim("grid", task)
    await window.ask("grid", "POST", f"/{task.id}/approval", {"note": "住在这里"})

    assert [(look.how, look.holder.resident_id) for look in window.looks()] == [
        ("viewed", "res_man"),
        ("worked-on", "res_man"),
    ]


def disputed(by: str = "zhao", department: str | None = "health") -> Task:
    about = DisputedAccess(
        dispute_id="dis_1",
        holder=Holder(resident_id="res_man", index="7c" * 32),
        by=by,
        role="reviewer",
        how="viewed",
        what="task",
        document_types=("birth-certificate",),
        disputed_application="app_1",
        purpose=None,
        accessed_at=NOW,
        reason="我没有申请",
    )
    return requesting.dispute(about, "school-enrolment", department, district=DISTRICT, at=NOW)


async def test_a_disputed_look_is_explained_and_neither_approved_nor_rejected(window: Window) -> None:
    task = window.keep(disputed())
    await window.claim("wang", task)
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert (shown["dispute"]["by"], shown["dispute"]["reason"]) == ("zhao", "我没有申请")
    for path, body in (("approval", {}), ("rejection", {"reason": "x"})):
        refused = await window.ask("wang", "POST", f"/{task.id}/{path}", body)
        assert told(refused) == (422, "dispute-needs-an-explanation")
    answered = await window.ask("wang", "POST", f"/{task.id}/explanation", {"text": "误查，已更正"})
    assert answered.json()["status"]["code"] == "answered"
    (event,) = window.facts()
    assert isinstance(event, DisputeAnswered)
    assert (event.dispute_id, event.department, event.explanation) == ("dis_1", "health", "误查，已更正")
    again = await window.ask("wang", "POST", f"/{task.id}/explanation", {"text": "x"})
    assert told(again) == (409, "task-already-answered")


async def test_whoever_looked_does_not_answer_for_it_and_a_review_is_not_explained(window: Window) -> None:
    own = window.keep(disputed(by="wang"))
    assert told(await window.claim("wang", own)) == (409, "own-look-disputed")
    other = window.keep(review())
    await window.claim("wang", other)
    explained = await window.ask("wang", "POST", f"/{other.id}/explanation", {"text": "x"})
    assert told(explained) == (422, "explanation-needs-a-dispute")


@pytest.mark.parametrize("department", [None, "no-such-department"])
def test_a_look_that_names_no_department_is_answered_for_by_the_supervision(department: str | None) -> None:
    assert disputed(department=department).department == "district-supervision"


def correction(document_type: str = "birth-certificate", field: str = "child_name", value: str = "李思源") -> Task:
    about = AskedCorrection(
        correction_id="cor_1",
        holder=Holder(resident_id="res_child", index="9f" * 32),
        document_type=document_type,
        credential_id="crd_1",
        identifier="1.2…001.K",
        origin="review",
        field=field,
        says="李思远",
        should_say=value,
        reason="录入时写错了字",
    )
    return requesting.correction(about, district=DISTRICT, at=NOW)


async def test_a_request_for_correction_is_answered_with_the_right_value(window: Window) -> None:
    task = window.keep(correction())
    assert (task.department, task.due_on) == ("health", date(2026, 12, 7))
    hidden = (await window.ask("wang", "GET", f"/{task.id}")).json()["correction"]
    assert (hidden["says"], hidden["should_say"], hidden["reason"]) == (None, None, None)
    await window.claim("wang", task)
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert shown["correction"]["field"] == {"code": "child_name", "name": "Child's name"}
    assert (shown["correction"]["says"], shown["correction"]["should_say"]) == ("李思远", "李思源")
    for path, body in (("approval", {}), ("rejection", {"reason": "x"})):
        assert told(await window.ask("wang", "POST", f"/{task.id}/{path}", body)) == (422, "correction-needs-an-answer")

    body = {"result": "corrected", "explanation": "与原件核对，有误"}
    answered = await window.ask("wang", "POST", f"/{task.id}/correction", body)

    assert answered.json()["status"]["code"] == "answered"
    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.result, event.value, event.officers) == ("corrected", "李思源", ["wang"])
    assert (event.credential_id, event.field, event.explanation) == ("crd_1", "child_name", "与原件核对，有误")
    assert window.kernel.hands == []
    assert [(look.how, look.application_id, look.documents[0].document_type) for look in window.looks()] == [
        (how, None, "birth-certificate") for how in ("viewed", "viewed", "worked-on")
    ]
    assert told(await window.ask("wang", "POST", f"/{task.id}/correction", body)) == (409, "task-already-answered")


async def test_an_officer_may_find_another_value_right_if_the_field_can_have_it(window: Window) -> None:
    task = window.keep(correction(field="birth_date", value="2020-02-28"))
    await window.claim("wang", task)
    body = {"result": "corrected", "explanation": "以原件为准"}

    refused = await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "last year"})
    assert told(refused) == (422, "approval-field-not-date")
    await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "2020-02-29"})

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert event.value == "2020-02-29"


async def test_what_two_people_approve_is_corrected_by_two_people(window: Window) -> None:
    task = window.keep(correction("property-certificate", "owner_name"))
    body = {"result": "corrected", "explanation": "登记簿如此"}
    await window.claim("wang", task)
    first = await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "李思原"})
    assert first.json()["status"]["code"] == "awaiting-second"
    assert window.facts() == []
    assert told(await window.claim("wang", task)) == (409, "second-reviewer-is-first")

    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/correction", body)

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.value, event.officers) == ("李思原", ["wang", "zhao"])


async def test_a_value_that_stays_is_explained_also_against_a_first_answer(window: Window) -> None:
    task = window.keep(correction("property-certificate", "owner_name"))
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/correction", {"result": "corrected", "explanation": "有误"})
    await window.claim("zhao", task)
    with_value = {"result": "refused", "value": "李", "explanation": "x"}
    assert (await window.ask("zhao", "POST", f"/{task.id}/correction", with_value)).status_code == 422

    await window.ask("zhao", "POST", f"/{task.id}/correction", {"result": "refused", "explanation": "与登记簿一致"})

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.result, event.value, event.explanation) == ("refused", None, "与登记簿一致")


async def test_only_the_department_answers_and_only_requests_for_correction_are_answered_so(window: Window) -> None:
    body = {"result": "refused", "explanation": "x"}
    task, other = window.keep(correction()), window.keep(review())
    assert told(await window.ask("edu", "POST", f"/{task.id}/correction", body)) == (403, "task-of-others")
    await window.claim("wang", other)
    assert told(await window.ask("wang", "POST", f"/{other.id}/correction", body)) == (422, "answer-needs-a-correction")


@pytest.mark.parametrize(
    ("document_type", "department"), [("registration", "service-hall"), ("driving-licence", "service-hall")]
)
def test_what_no_department_keeps_is_answered_at_the_service_hall(document_type: str, department: str) -> None:
    assert correction(document_type).department == department


async def test_a_resident_gets_the_tasks_that_were_about_them(window: Window) -> None:
    task, (public, private) = window.keep(review()), exports.new_key()
    deps = Deps(TaskStore(window.tasks), FakeDocuments(Case), Counted(), DISTRICT, FakeClock(NOW), NothingHeld())
    for resident, ids in (("res_child", [task.id]), ("res_other", [])):
        holder = Whose(resident_id=resident, index="9f" * 32)
        asked = exports.ExportRequested(export_id="exp_1", holder=holder, key=public)
        (event,) = (await exporting.export(received(asked), deps)).events
        assert isinstance(event, DataExported)
        held = exports.opened(event.sealed, private).get("tasks", [])
        assert [each["id"] for each in held] == ids
