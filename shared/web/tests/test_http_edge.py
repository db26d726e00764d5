"""The edge of every service: who may call, what an error looks like, what happens once for one key."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, cast

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends, FastAPI, Request
from jwt.algorithms import ECAlgorithm
from prometheus_client import REGISTRY
from pydantic import BaseModel, ConfigDict, Field
from pymongo.errors import PyMongoError
from starlette.responses import Response
from structlog.testing import capture_logs

from bus.event import BlockedError, Outcome
from local_stack.keys import ensure_keys
from local_stack.layout import ROOT
from runtime.errors import Conflict, Refusal, Refusals, check_version
from runtime.texts import Texts
from store import clock_skew, master_keys
from store.field_encryption import TamperedError, Vault
from store.repository import CODECS, Database, Repository, Write
from testkit.fixtures import StackAddresses
from testkit.patience import IN_TIME
from web import idempotency, observability, problems, routes
from web.auth import Principal, Role, allow
from web.bodies import LARGEST, JsonBodies
from web.config import ServiceSettings
from web.rates import RateLimit, Rates
from web.service_runtime import STORE_TIMEOUT, ServiceRuntime
from web.tokens import Verifier

ISSUER, AUDIENCE = "https://issuer.test", "yizheng"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())

router = APIRouter(prefix="/v1")


class Note(BaseModel):
    id: str
    version: int = 0
    text: str


class NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(max_length=10)]


def shown(note: Note) -> NoteIn:
    return NoteIn(id=note.id, text=note.text)


def kept(request: Request) -> Repository[Note]:
    notes: Repository[Note] = request.app.state.notes
    return notes


Clerk = Annotated[Principal, allow(Role.CLERK)]
Notes = Annotated[Repository[Note], Depends(kept)]


@router.post("/notes")
async def write_note(note: NoteIn, by: Clerk, commit: routes.Commit, notes: Notes) -> Response:
    async def work() -> Outcome[Note]:
        if await notes.get(note.id):
            raise Conflict("changed-meanwhile")
        new = Note(id=note.id, text=note.text)
        return Outcome([notes.save(new)], result=new)

    return await commit(work, shown, 201)


@router.put("/notes/{id}")
async def change_note(
    id: str, note: NoteIn, by: Clerk, commit: routes.Commit, version: routes.IfMatch, notes: Notes
) -> Response:
    async def work() -> Outcome[Note]:
        present = await notes.get(id)
        assert present is not None
        check_version(present.version, version)
        changed = present.model_copy(update={"text": note.text})
        return Outcome([notes.save(changed)], result=changed)

    return await commit(work, shown)


@router.get("/notes")
async def look(commit: routes.Commit) -> Response:
    async def work() -> Outcome[Note]:
        return Outcome(result=Note(id="1", text="李育成"))

    return await commit(work, shown, only_looks=True)


@router.get("/faults/{kind}")
async def fail(kind: str) -> None:
    raise {
        "one": Refusal("bad-cursor", field="cursor"),
        "several": Refusals([Refusal("bad-cursor", field="cursor"), Refusal("bad-etag", field="If-Match")]),
        "blocked": BlockedError("another transaction"),
        "ours": RuntimeError("a secret that nobody may read"),
        "outage": ConnectionError("broker"),
        "moved": TamperedError("the secret value of residents/1 was sealed for residents/2"),
    }[kind]


def token(key: ec.EllipticCurvePrivateKey = KEY, **claims: Any) -> str:  # noqa: ANN401 - claims are anything
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "clerk-1", "role": "clerk", "iat": now, "exp": now + 3600}
    return jwt.encode({**usual, **claims}, key, algorithm="ES256", headers={"kid": "k1"})


@dataclass
class Bus:
    """What consumes beside the requests: it can be away, or frozen."""

    answer: bool = True
    seconds: float = 0.0

    async def run(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def is_ready(self) -> bool:
        await asyncio.sleep(self.seconds)
        return self.answer


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def client(
    infrastructure: StackAddresses, database: Database, bus: Bus, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    jwk = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1", "alg": "ES256"}
    (tmp_path / "issuer.json").write_text(json.dumps({"keys": [jwk]}))
    ensure_keys(tmp_path)
    settings = ServiceSettings.model_validate(
        {
            "database": database.name,
            "AMQP_URL": infrastructure.amqp,
            "MONGODB_URL": infrastructure.mongodb,
            "YIZHENG_KEYS": tmp_path,
        }
    )
    runtime = ServiceRuntime("edge", settings)
    await runtime.prepare({"notes": [], **idempotency.INDEXES})
    runtime.committer.start()
    app = FastAPI()
    app.state.notes = Repository(runtime.database, "notes", Note)
    app.state.runtime = runtime
    app.state.background = [bus]
    app.state.verifier = Verifier(jwks=str(tmp_path / "issuer.json"), issuer=ISSUER, audience=AUDIENCE)
    rates = Rates.model_validate({name: {"burst": 40, "per_minute": 1} for name in ("read", "write", "look-up")})
    app.state.rate_limit = RateLimit(rates)
    app.include_router(router)
    problems.install(app, Texts.of("runtime"))
    observability.install(app, "edge")
    app.add_middleware(JsonBodies)
    transport = httpx.ASGITransport(app)  # raises what the application would raise to its server
    async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
        client.headers["Authorization"] = f"Bearer {token()}"
        yield client
    await runtime.stop()


NOTE = {"id": "n1", "text": "hello"}


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ("", "no-token"),
        (f"Bearer {token(exp=int(time.time()) - 60)}", "expired-token"),
        (f"Bearer {token(iat=int(time.time()) + 3600)}", "early-token"),
        (f"Bearer {token(STRANGER)}", "bad-token"),
        (f"Bearer {token(aud='another')}", "bad-token"),
        (f"Bearer {token(iss='https://another.test')}", "bad-token"),
        (f"Bearer {token(role='emperor')}", "bad-token"),
        (f"Bearer {jwt.encode({'sub': 'x', 'role': 'clerk'}, '', algorithm='none')}", "bad-token"),
        ("Bearer rubbish", "bad-token"),
    ],
)
async def test_whoever_is_not_signed_in_is_told_why(client: httpx.AsyncClient, credentials: str, code: str) -> None:
    answer = await client.post("/v1/notes", json=NOTE, headers={"Authorization": credentials})

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_who_asks_too_often_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    answers = [await client.put("/v1/notes/n1", json={"id": 1}) for _ in range(41)]
    assert {answer.status_code for answer in answers[:40]} == {422}
    assert (answers[40].status_code, answers[40].json()["code"]) == (429, "too-many-requests")
    assert int(answers[40].headers["Retry-After"]) > 0
    assert answers[40].json()["title"] == "请求过于频繁"
    somebody_else = {"Authorization": f"Bearer {token(sub='clerk-2')}"}
    other = await client.put("/v1/notes/n1", json={"id": 1}, headers=somebody_else)
    assert other.status_code == 422


async def test_the_wrong_role_is_told_which_one_is_needed(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/notes", json=NOTE, headers={"Authorization": f"Bearer {token(role='resident')}", "Accept-Language": "en"}
    )

    assert answer.status_code == 403
    assert "this is for a window clerk" in answer.json()["detail"]


async def test_a_problem_says_what_where_and_what_to_do_in_the_callers_language(client: httpx.AsyncClient) -> None:
    chinese = await client.get("/v1/faults/one")
    english = await client.get("/v1/faults/one", headers={"Accept-Language": "en"})

    assert chinese.headers["content-type"] == "application/problem+json"
    assert chinese.json()["title"] == "游标无法识别"
    assert chinese.headers["Content-Language"] == "zh-CN"
    assert english.json()["errors"][0]["pointer"] == "#/cursor"
    assert english.json()["action"].startswith("Begin with the first page")


async def test_several_refusals_are_reported_together(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/faults/several")

    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/cursor", "#/If-Match"]


async def test_a_field_that_breaks_a_rule_is_named_with_the_rule(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json={"id": "n1", "text": "x" * 11, "colour": "red"})

    faults = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert faults == {"#/text": "至多 10 个字符，现有 11 个。", "#/colour": "没有这个字段。"}


async def test_a_field_that_is_left_empty_is_said_to_be_empty(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json={"id": "", "text": "x"})

    assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [("#/id", "此项不能为空。")]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "application/x+json"])
async def test_a_name_that_stands_twice_in_a_body_is_refused_with_its_place(
    client: httpx.AsyncClient, content_type: str
) -> None:
    body = b'{"id": "n1", "text": "one", "text": "two"}'
    answer = await client.post("/v1/notes", content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (422, "repeated-name")
    assert answer.json()["errors"][0]["pointer"] == "#/text"


async def test_a_body_in_json_is_not_read_beyond_what_a_request_may_have(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json={"id": "n1", "text": "x" * LARGEST})

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("body", ["[" * 3_000, '{"id": ' + "9" * 5_000 + "}"], ids=["deep", "digits"])
async def test_a_body_that_no_parser_reads_is_refused_as_that(client: httpx.AsyncClient, body: str) -> None:
    answer = await client.post("/v1/notes", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "body-unreadable")


async def test_an_answer_does_not_name_more_faults_than_anybody_reads(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json=NOTE | {f"more-{number}": 1 for number in range(5_000)})

    assert (answer.status_code, len(answer.json()["errors"])) == (422, problems.MOST_FAULTS)


@pytest.mark.parametrize(("fault", "code"), [("ours", "unexpected"), ("moved", "stored-value-tampered")])
async def test_our_own_fault_tells_nothing_of_the_inside(client: httpx.AsyncClient, fault: str, code: str) -> None:
    answer = await client.get(f"/v1/faults/{fault}")

    assert (answer.status_code, answer.json()["code"]) == (500, code)
    assert "secret" not in answer.text


async def test_a_look_that_does_not_say_whose_data_it_shows_is_not_answered(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes")).json()["code"] == "unexpected"


async def test_a_clock_that_is_half_a_minute_slow_refuses_no_new_token(client: httpx.AsyncClient) -> None:
    early = {"Authorization": f"Bearer {token(iat=int(time.time()) + 30)}"}

    assert (await client.post("/v1/notes", json=NOTE, headers=early)).status_code == 201


@pytest.mark.parametrize(("answer", "seconds"), [(0, 0.0), (1, 60.0)])
async def test_requests_are_taken_while_the_broker_is_away_or_frozen(
    client: httpx.AsyncClient, bus: Bus, answer: int, seconds: float
) -> None:
    bus.answer, bus.seconds = bool(answer), seconds
    async with asyncio.timeout(IN_TIME):
        ready, started = await client.get("/readyz"), await client.get("/startupz")

    assert (ready.status_code, started.status_code) == (200, 503)
    assert ready.json()["checks"] == {"store": True, "keys": True, "clock": True}
    assert ready.json()["bus"]["consumes"] is False


async def test_who_consumes_has_started(client: httpx.AsyncClient) -> None:
    assert (await client.get("/startupz")).json()["bus"] == {"consumes": True, "publishes": True}


async def test_without_the_store_no_requests_are_taken(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> float:
        raise PyMongoError("away")

    monkeypatch.setattr(clock_skew, "measure", refuse)

    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["store"]) == (503, False)


@pytest.mark.parametrize("ahead", [-90.0, 90.0])
async def test_a_wrong_clock_is_measured_and_two_witnesses_take_the_process_out(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    right = time.time
    monkeypatch.setattr(clock_skew, "time", SimpleNamespace(time=lambda: right() + ahead))

    assert (await client.get("/readyz")).status_code == 200  # it may be the store's clock
    assert (await client.get("/metrics")).status_code == 200
    measured = REGISTRY.get_sample_value("yizheng_clock_skew_seconds", {"service": "edge"})
    assert measured == pytest.approx(ahead, abs=3)
    early = {"Authorization": f"Bearer {token(iat=int(time.time()) + 90)}"}
    refused = await client.post("/v1/notes", json=NOTE, headers=early)  # and that is our fault, not the caller's
    assert (refused.status_code, refused.json()["code"]) == (503, "temporarily-unavailable")

    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["clock"]) == (503, False)


async def test_an_outage_is_answered_on_a_connection_that_stays_and_logged_once(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answers = [await client.get("/v1/faults/outage") for _ in range(30)]

    assert {answer.status_code for answer in answers} == {503}
    assert not any("connection" in answer.headers for answer in answers)
    assert [line["event"] for line in lines if line["log_level"] != "info"] == ["dependency_down"]


@pytest.mark.parametrize("kind", ["outage", "blocked"])
async def test_an_outage_asks_to_try_again(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.get(f"/v1/faults/{kind}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_an_address_that_does_not_exist_is_a_problem_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/nothing")).json()["code"] == "no-such-address"


async def test_the_same_key_and_body_get_the_same_answer_once_done(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}

    first = await client.post("/v1/notes", json=NOTE, headers=headers)
    second = await client.post("/v1/notes", json=NOTE, headers=headers)

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    await client.post("/v1/notes", json=NOTE, headers=headers)

    answer = await client.post("/v1/notes", json={**NOTE, "text": "other"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")


async def test_an_answer_that_was_erased_is_not_given_again_and_nothing_is_done_twice(
    client: httpx.AsyncClient, database: Database, tmp_path: Path
) -> None:
    keys = partial(master_keys.read, tmp_path, None)
    vault = Vault(database.client, database.name, master_keys=keys, codecs=CODECS)
    await vault.prepare()
    edge = Database(database.client, database.name, vault)
    headers = {"Idempotency-Key": "k-1"}
    await client.post("/v1/notes", json=NOTE, headers=headers)
    [kept] = await database["idempotency"].find({}).to_list()
    assert "sealed" in kept

    assert await idempotency.erasing(edge, ["clerk-2", "app_1"]) == []
    for write in await idempotency.erasing(edge, ["clerk-1"]):
        await database["idempotency"].bulk_write([write.operation])
    [kept] = await database["idempotency"].find({}).to_list()
    assert "sealed" not in kept
    again = await client.post("/v1/notes", json=NOTE, headers=headers)

    assert (again.status_code, again.json()["code"]) == (409, "answer-erased")
    assert await database["notes"].count_documents({}) == 1


async def test_a_key_belongs_to_one_caller(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes", json=NOTE, headers={"Idempotency-Key": "k-1"})
    somebody_else = {"Idempotency-Key": "k-1", "Authorization": f"Bearer {token(sub='clerk-2')}"}

    answer = await client.post("/v1/notes", json={"id": "n2", "text": "mine"}, headers=somebody_else)

    assert answer.status_code == 201


async def test_twenty_at_once_with_one_key_do_it_once(client: httpx.AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "k-1"}

    answers = await asyncio.gather(*(client.post("/v1/notes", json=NOTE, headers=headers) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert await database["notes"].count_documents({}) == 1


async def test_what_another_process_has_just_done_for_the_same_key_is_answered_and_not_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = cast("httpx.ASGITransport", client._transport).app.state  # type: ignore[attr-defined] # noqa: SLF001 - the process
    commit = state.runtime.commit

    async def be_overtaken(outcome: Outcome[Note], *, extra: Sequence[Write]) -> None:
        monkeypatch.setattr(state.runtime, "commit", commit)
        ours = extra[0].sealing[0]
        same = idempotency.Repeated(ours["_id"], ours["digest"], tuple(ours["about"]))
        done = idempotency.entry_of(same, idempotency.StoredAnswer(201, b'{"id":"n1"}', '"1"'))
        await commit(Outcome([state.notes.save(Note(id="n1", text="hello"))]), extra=[done])
        await commit(outcome, extra=extra)

    monkeypatch.setattr(state.runtime, "commit", be_overtaken)

    answer = await client.post("/v1/notes", json=NOTE, headers={"Idempotency-Key": "k-1"})

    assert (answer.status_code, answer.content) == (201, b'{"id":"n1"}')
    assert answer.headers["Idempotent-Replayed"] == "true"


def test_a_service_answers_before_the_gateway_takes_it_for_dead() -> None:
    gateway = (ROOT / "deploy" / "gateway" / "nginx.conf.template").read_text(encoding="utf-8")
    [patience] = re.findall(r"location @repeatable \{[^}]*proxy_read_timeout (\d+)s;", gateway)
    assert max(routes.COMMIT_WITHIN, STORE_TIMEOUT / 1000) < int(patience)


async def test_a_commit_that_takes_longer_than_the_caller_waits_is_an_outage(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(IN_TIME)

    with monkeypatch.context() as frozen:
        frozen.setattr(routes, "COMMIT_WITHIN", 0.05)
        frozen.setattr(ServiceRuntime, "commit", hang)
        answer = await client.post("/v1/notes", json=NOTE, headers={"Idempotency-Key": "k-1"})
    again = await client.post("/v1/notes", json=NOTE, headers={"Idempotency-Key": "k-1"})

    assert (answer.status_code, again.status_code) == (503, 201)


async def test_a_refused_request_leaves_its_key_free(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    refused = await client.post("/v1/notes", json={"id": "n1", "text": "x" * 11}, headers=headers)

    answer = await client.post("/v1/notes", json=NOTE, headers=headers)

    assert (refused.status_code, answer.status_code) == (422, 201)


async def test_a_change_of_an_older_version_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes", json=NOTE)
    changed = await client.put("/v1/notes/n1", json={**NOTE, "text": "one"}, headers={"If-Match": '"1"'})

    answer = await client.put("/v1/notes/n1", json={**NOTE, "text": "two"}, headers={"If-Match": '"1"'})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")


async def test_of_changes_at_the_same_time_none_is_lost(client: httpx.AsyncClient, database: Database) -> None:
    await client.post("/v1/notes", json=NOTE)

    answers = await asyncio.gather(
        *(client.put("/v1/notes/n1", json={"id": "n1", "text": f"t{n}"}) for n in range(3)),
    )

    assert {answer.status_code for answer in answers} == {200}
    found = await database["notes"].find_one({"_id": "n1"})
    assert found is not None
    assert found["version"] == 4


async def test_an_if_match_that_is_no_etag_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes", json=NOTE)

    answer = await client.put("/v1/notes/n1", json=NOTE, headers={"If-Match": "yesterday"})

    assert answer.json()["code"] == "bad-etag"


async def test_every_answer_carries_the_requests_id(client: httpx.AsyncClient) -> None:
    given = await client.get("/healthz")
    named = await client.get("/v1/faults/one", headers={"X-Request-Id": "from-the-gateway"})

    assert given.json() == {"status": "alive"}
    assert named.headers["X-Request-Id"] == "from-the-gateway"
