from __future__ import annotations

import httpx
import pytest

from synthetic.caller import Caller, CallerAnswer, ProblemError


class Greeting(CallerAnswer):
    """What the invented gateway says."""

    text: str


class ShakyGateway(httpx.AsyncBaseTransport):
    """Answers in turn what it was given, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Give the next answer."""
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


def caller(gateway: ShakyGateway) -> Caller:
    return Caller(httpx.AsyncClient(transport=gateway, base_url="http://gateway"), "token-1", "en")


async def test_a_gateway_that_comes_back_is_asked_again_under_the_same_key() -> None:
    away = (httpx.ConnectError("down"), httpx.Response(503), httpx.Response(429))
    gateway = ShakyGateway(*away, httpx.Response(201, json={"text": "hello"}))
    answer = await caller(gateway).post("/v1/greetings", Greeting, {"to": "you"})
    assert answer.text == "hello"
    assert len({request.headers["Idempotency-Key"] for request in gateway.asked}) == 1
    assert {request.headers["Accept-Language"] for request in gateway.asked} == {"en"}


async def test_a_refusal_is_raised_with_every_code_that_it_names() -> None:
    problem = {"status": 422, "code": "several", "title": "No", "errors": [{"code": "card-expired", "pointer": "#/a"}]}
    gateway = ShakyGateway(httpx.Response(422, json=problem))
    with pytest.raises(ProblemError, match="several") as caught:
        await caller(gateway).post("/v1/residents", Greeting, {})
    assert caught.value.problem.codes == {"several", "card-expired"}


async def test_an_answer_that_is_no_problem_is_still_a_refusal() -> None:
    gateway = ShakyGateway(httpx.Response(404, text="not here"))
    with pytest.raises(ProblemError, match="not here"):
        await caller(gateway).get("/v1/nowhere", Greeting)
