"""The desk's parts: what differs, what is sent, which filters are kept, and the pages of rarer kinds of work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from portal.app import templates_of_all, texts_of_all
from portal.desk import live
from portal.desk.answers import Enterable
from portal.desk.decisions import approve, correct, reject, send_back
from portal.desk.differences import sides
from portal.desk.filters import COOKIE, Filter, kept
from portal.desk.tasks import task_page
from portal.desk.values import corrections, entered
from portal.frame.forms import Form
from portal.frame.frame import Frame
from portal.frame.person import Session, SignedInPerson, Tokens
from portal.frame.visits import PageVisit
from portal.places import PLACES
from runtime.clock import utc_now
from services.portal.tests.stage import client_of
from web.auth import Role

REVIEWER = SignedInPerson(subject="health-017", role=Role.REVIEWER, departments=("health",))
NAMED = {"code": "x", "name": "名称"}


class Gateway:
    """Answers for one task, and remembers what was posted."""

    def __init__(self, **about: object) -> None:
        self.task = _task(**about)
        self.posted: list[tuple[str, Any]] = []
        self.refusal: dict[str, object] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.posted.append((request.url.path, json.loads(request.content)))
            if self.refusal:
                return httpx2.Response(int(str(self.refusal["status"])), json=self.refusal)
            return httpx2.Response(200, json={})
        if request.url.path.startswith("/v1/tasks/"):
            return httpx2.Response(200, json=self.task, headers={"ETag": '"3"'})
        return httpx2.Response(404, json={"status": 404})


def _visit(gateway: Gateway, language: str = "zh-CN", cookie: str = "") -> PageVisit:
    nothing = cast("Any", None)
    frame = Frame(
        settings=nothing,
        texts=texts_of_all(),
        templates=templates_of_all(),
        places=PLACES,
        client=client_of(gateway),
        provider=nothing,
        sessions=nothing,
        attempts=nothing,
        kept_forms=nothing,
        key=b"key",
    )
    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": "GET", "path": "/desk/tasks/task_1", "query_string": b"", "headers": headers}
    now = utc_now()
    session = Session(person=REVIEWER, tokens=Tokens(access="t", until=now), ends_at=now, touched_at=now)
    chosen: Any = language
    return PageVisit(Request(scope), frame, chosen, "plain", "browser", "secret", session)


def _task(**about: object) -> dict[str, object]:
    nothing = dict.fromkeys(("document", "door", "decision", "dispute", "correction", "duplicate", "document_type"))
    reasons = [{"code": "not-genuine", "text": "材料不属实", "field": None}]
    back = [{"code": "blurred", "text": "扫描件模糊", "field": "scans"}]
    return {
        **nothing,
        "task_id": "task_1",
        "version": 3,
        "kind": {"code": "review", "name": "材料复核"},
        "status": {"code": "claimed", "name": "办理中"},
        "application_id": "app_1",
        "item": "",
        "department": NAMED,
        "community": None,
        "requested_at": "2026-11-23T02:00:00Z",
        "due_on": "2026-11-26",
        "due_text": "2026年11月26日",
        "overdue": False,
        "escalated": False,
        "claimed_by": "health-017",
        "claimed_at": "2026-11-23T02:00:00Z",
        "taken_over": None,
        "needs_second_reviewer": False,
        "values_hidden": False,
        "standard_reasons": {"approval": [], "rejection": reasons, "return": back},
        "approvals": [],
        "steps": [],
        **about,
    }


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_sides_say_what_they_said_and_what_is_marked_differs(left: str, right: str) -> None:
    both = sides(left, right)
    assert "".join(part.text for part in both.left) == left
    assert "".join(part.text for part in both.right) == right
    alike = ["".join(part.text for part in side if not part.differs) for side in both]
    assert alike[0] == alike[1] or not (left and right)
    assert any(part.differs for side in both for part in side) == (left != right and bool(left and right))


def test_one_character_that_differs_is_marked_alone_and_a_long_text_whole_in_no_time() -> None:
    both = sides("O430123456", "O430123465")
    assert [part.text for part in both.left if part.differs] == ["5"] or sum(
        len(part.text) for part in both.left if part.differs
    ) <= 2
    long = sides("楼" * 100_000, "楼" * 99_999 + "层")
    assert [part.differs for part in long.left] == [True]


FIELDS = (
    Enterable(code="certificate_number", name="编号", kind="text", claimed="O43"),
    Enterable(code="parents", name="父母", kind="names", claimed=("李育成", "陈静")),
    Enterable(code="complete", name="完整", kind="flag", claimed=False),
    Enterable(code="months_paid", name="月数", kind="count", claimed=None),
    Enterable(code="birth_date", name="出生", kind="date", claimed="2020-01-02"),
)


def test_only_what_was_changed_is_sent_each_as_its_kind_wants_it() -> None:
    begun = {f"value-{each.code}": (entered(each),) for each in FIELDS}
    assert corrections(Form(begun), FIELDS) == {}
    changed = {
        "value-certificate_number": ("O44",),
        "value-parents": ("李育成\n陈婧\n",),
        "value-complete": ("true",),
        "value-months_paid": ("12",),
        "value-birth_date": ("2020-02-01",),
    }
    assert corrections(Form(begun | changed), FIELDS) == {
        "certificate_number": "O44",
        "parents": ["李育成", "陈婧"],
        "complete": True,
        "months_paid": 12,
        "birth_date": "2020-02-01",
    }


@given(st.text(max_size=300))
def test_whatever_stands_in_the_cookie_or_address_the_page_opens(said: str) -> None:
    visit = _visit(Gateway(), cookie=f"{COOKIE}={quote(said, safe='')}")
    assert all(isinstance(each, Filter) for each in kept(visit.request).values())
    assert Filter.read(Filter.read(said).text) == Filter.read(said)


DISPUTE = {
    "by": "health-017",
    "role": "reviewer",
    "how": "viewed",
    "what": "task",
    "document_types": [NAMED],
    "purpose": None,
    "accessed_at": "2026-11-20T02:00:00Z",
    "reason": "我没有<办过>",
}
CORRECTION = {
    "document_type": NAMED,
    "identifier": None,
    "origin": None,
    "field": NAMED,
    "says": "李思远",
    "should_say": "李思源",
    "reason": "写错了",
}
VALUE = {"code": "address", "name": "地址", "value": "3栋502"}
HELD = {"credential_id": "crd_1", "origin": NAMED, "valid_from": "2026-01-01", "valid_until": None, "fields": [VALUE]}
DUPLICATE = {"question": "是否同一份？", "fields": [VALUE], "held": [HELD]}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(
    ("kind", "about", "shown", "form"),
    [
        ("dispute", {"dispute": DISPUTE}, "我没有&lt;办过&gt;", "explanation"),
        ("correction", {"correction": CORRECTION}, "李思源", "correction"),
        ("duplicate-check", {"duplicate": DUPLICATE}, "3栋502", "duplicate-check"),
        ("decision", {"decision": {"subject_name": "李思远", "proven": []}}, "李思远", "approval"),
    ],
)
async def test_each_kind_of_work_has_its_page(
    language: str, kind: str, about: dict[str, object], shown: str, form: str
) -> None:
    gateway = Gateway(kind={"code": kind, "name": "任务"}, **about)
    page = bytes((await task_page(_visit(gateway, language), "task_1", Filter())).body).decode()
    assert shown in page
    assert f'action="/desk/tasks/task_1/{form}"' in page
    assert "{" not in page.split("<main")[1].split("</main>")[0].replace('{"includeIndicatorCSS"', "")


@pytest.mark.parametrize(
    ("deed", "sent", "body"),
    [
        (reject, {"rejection-reason": "not-genuine"}, {"standard_reason": "not-genuine"}),
        (reject, {"rejection-reason": "", "rejection-text": "看不清"}, {"reason": "看不清"}),
        (send_back, {"return-reason": "blurred"}, {"field": "scans", "standard_reason": "blurred"}),
        (
            send_back,
            {"return-reason": "blurred", "field": "number", "return-text": "第2页"},
            {"field": "number", "standard_reason": "blurred", "message": "第2页"},
        ),
        (
            correct,
            {"result": "refused", "correction-text": "无误", "correction-value": "别的"},
            {"result": "refused", "explanation": "无误"},
        ),
        (
            correct,
            {"result": "corrected", "correction-text": "有误", "correction-value": "李源"},
            {"result": "corrected", "explanation": "有误", "value": "李源"},
        ),
    ],
)
async def test_a_decision_says_what_was_chosen_and_typed(deed: Any, sent: dict[str, str], body: object) -> None:  # noqa: ANN401 - routes
    gateway = Gateway()
    form = Form({name: (value,) for name, value in {**sent, "queue": "kind=review"}.items()})
    answer = await deed(_visit(gateway), form, "task_1")
    assert gateway.posted[0][1] == body
    assert answer.headers["location"].startswith("/desk/tasks?kind=review&done=")


async def test_a_refused_decision_shows_what_was_typed_and_why_beside_its_field() -> None:
    gateway = Gateway()
    gateway.refusal = {
        "status": 422,
        "code": "reason-needed",
        "title": "请说明理由",
        "errors": [{"pointer": "#/reason", "detail": "没有填写理由", "action": "请填写"}],
    }
    form = Form({"rejection-text": ("<script>alert(1)</script>",), "queue": ("",)})
    answer = await reject(_visit(gateway), form, "task_1")
    page = bytes(answer.body).decode()
    assert answer.status_code == 422
    assert 'href="#rejection-text"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("status", "claimed_by", "refused"),
    [("cancelled", None, "此任务已取消"), ("claimed", "health-018", "同事正在办理")],
    ids=["cancelled under their eyes", "taken by a colleague"],
)
async def test_a_task_that_is_gone_meanwhile_says_so_and_offers_no_decision(
    status: str, claimed_by: str | None, refused: str
) -> None:
    gateway = Gateway(status={"code": status, "name": status}, claimed_by=claimed_by)
    gateway.refusal = {"status": 409, "title": refused, "detail": refused, "errors": []}
    form = Form({"approval-text": ["核对无误"], "then": ["list"], "version": ['"3"']})
    answer = await approve(_visit(gateway), form, "task_1")
    page = bytes(answer.body).decode()
    assert (answer.status_code, refused in page) == (409, True)
    if status == "cancelled":
        assert "/approval" not in page
    assert "核对无误</textarea>" in page  # to be copied, where it can't be sent any more


@pytest.mark.parametrize(
    ("status", "claimed_by", "says"), [("claimed", "health-018", "health-018"), ("cancelled", None, "现为“cancelled”")]
)
async def test_who_was_faster_is_said_when_the_page_is_of_before(
    status: str, claimed_by: str | None, says: str
) -> None:
    gateway = Gateway(status={"code": status, "name": status}, claimed_by=claimed_by)
    gateway.refusal = {"status": 412, "code": "stale-version", "title": "t", "detail": "d", "errors": []}
    answer = await approve(_visit(gateway), Form({"then": ["list"], "version": ["2"]}), "task_1")
    page = bytes(answer.body).decode()
    assert answer.status_code == 412
    assert says in page.split("govuk-error-summary__body")[1].split("</div>")[0]
    assert ("data-live-task" in page) == (status == "claimed")


def test_what_is_passed_on_of_a_stream_says_where_to_look_and_nothing_else() -> None:
    visit = _visit(Gateway())
    news = {"what": "new", "text": "新任务", "task": _task()}
    written = live.written({"event": "new", "id": "m1", "data": json.dumps(news)}, visit)
    assert written.startswith("event: news\nid: m1\n")
    assert json.loads(written.split("data: ")[1])["address"] == "/desk/tasks/task_1"
    for said in ({"event": "new", "data": "{}"}, {"event": "moved", "data": json.dumps(news)}, {}):
        assert live.written(said, visit) == ": \n\n"
    assert live.written({"retry": "3000"}, visit) == "retry: 3000\n\n"
    empty = live.written({"event": "queues", "data": json.dumps({"queues": [], "in_hand": []})}, visit)
    assert visit.t("desk.queues.none") in json.loads(empty.split("data: ")[1])["html"]


async def test_nothing_waits_for_a_line_any_more_once_its_page_is_left() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def lines() -> AsyncIterator[str]:
        try:
            begun.set()
            await asyncio.Event().wait()
            yield ""
        finally:
            ended.set()

    left = asyncio.ensure_future(anext(live._until(asyncio.Event(), lines())))  # noqa: SLF001 - else with a gateway only
    await begun.wait()
    left.cancel()
    await asyncio.wait([left])
    assert ended.is_set()
