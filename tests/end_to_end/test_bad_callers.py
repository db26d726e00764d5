from __future__ import annotations

import time

import jwt
import pytest

from local_stack import tokens
from synthetic.caller import Caller, Nothing
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, portal


async def test_no_token_is_refused_with_a_challenge(town: Town) -> None:
    problem = await refusal(Caller(town.client, "", "en").get("/v1/applications", Nothing))
    assert (problem.status, problem.code) == (401, "no-token")
    answer = await town.client.get("/v1/applications")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_expired_token_is_refused(town: Town) -> None:
    token = tokens.sign(town.stack.layout.keys, "resident", subject="res_1", hours=-1)
    problem = await refusal(Caller(town.client, token, "en").get("/v1/applications", Nothing))
    assert (problem.status, problem.code) == (401, "expired-token")


@pytest.mark.parametrize("forged", ["rubbish", "unsigned", "other-key"])
async def test_a_forged_token_is_refused(town: Town, forged: str) -> None:
    claims = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": "res_1",
        "role": "operator",
        "iat": int(time.time()),
        "exp": int(time.time()) + 600,
    }
    made = {
        "rubbish": "not-a-token",
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "other-key": jwt.encode(claims, "another secret that is long enough", algorithm="HS256"),
    }
    problem = await refusal(Caller(town.client, made[forged], "en").get("/v1/applications", Nothing))
    assert (problem.status, problem.code) == (401, "bad-token")


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("resident", "POST", "/v1/residents"),
        ("clerk", "GET", "/v1/applications"),
        ("clerk", "GET", "/v1/tasks"),
        ("resident", "GET", "/v1/statistics"),
        ("reviewer", "GET", "/v1/credentials"),
        ("resident", "POST", "/v1/queries"),
        ("resident", "POST", "/v1/dry-runs"),
    ],
)
async def test_a_wrong_role_is_refused(town: Town, role: str, method: str, path: str) -> None:
    problem = await refusal(town.worker(role, f"{role}-1").send(method, path, body={} if method == "POST" else None))
    assert (problem.status, problem.code) == (403, "wrong-role")


async def test_another_residents_application_does_not_exist(town: Town) -> None:
    made, other = town.meet("elder"), town.meet("senior")
    applicant, stranger = await town.welcome(made), await town.welcome(other)
    application = await portal.draft(applicant, "senior-card", {})
    path = f"/v1/applications/{application}"
    asked = [
        stranger.get(path, Nothing),
        stranger.get(f"{path}/timeline", Nothing),
        stranger.post(f"{path}/submission", Nothing),
        stranger.post(f"{path}/withdrawal", Nothing, {"reason": "x"}),
    ]
    for each in asked:
        assert (await refusal(each)).status == 404
    assert (await portal.see(applicant, application)).state == "draft"


async def test_another_residents_registration_is_not_shown(town: Town) -> None:
    made, other = town.meet("elder"), town.meet("senior")
    await town.welcome(made)
    stranger = await town.welcome(other)
    problem = await refusal(stranger.get(f"/v1/residents/{town.ids[made.head.number]}", Nothing))
    assert problem.status in {403, 404}


async def test_another_departments_queue_is_not_shown(town: Town) -> None:
    problem = await refusal(desk.queue(town.worker("reviewer", "r-1", department="health"), department="psb"))
    assert (problem.status, problem.code) == (403, "department-of-others")


async def test_what_is_not_there_is_a_problem_in_plain_words(town: Town) -> None:
    problem = await refusal(Caller(town.client, "", "en").get("/v1/nothing-of-the-kind", Nothing))
    assert (problem.status, problem.code) == (404, "no-such-address")
    assert problem.title.isascii()


async def test_metrics_do_not_cross_the_gateway(town: Town) -> None:
    for path in ("/metrics", "/services/identity/metrics", "/v1/metrics"):
        assert (await town.client.get(path)).status_code == 404


@pytest.mark.parametrize("service", ["identity", "applications", "matcher", "review-dispatch", "credential-store"])
async def test_every_service_tells_its_health_and_its_interface(town: Town, service: str) -> None:
    for page in ("healthz", "readyz", "openapi.json"):
        assert (await town.client.get(f"/services/{service}/{page}")).status_code == 200
