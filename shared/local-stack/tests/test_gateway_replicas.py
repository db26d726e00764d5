"""Two processes of one service behind the gateway: what it does when one dies, breaks off, or only says no."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from local_stack import gateway
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from testkit.doorway import gateway_client
from testkit.infrastructure import free_ports
from testkit.patience import IN_TIME, PATIENCE

PORTS = Ports(free_ports(26500).base, replicas=2)
PATH = "/v1/items"
SOON = 2
"""Seconds until the gateway asks another process, in place of ten."""
BODY = b'{"a": 1}'


@dataclass
class StandIn:
    """A process that answers as it is told: a status, or by hanging up in the midst of a request."""

    port: int
    status: int = 200
    hangs_up: bool = False
    silent: float = 0.0
    """Seconds for which it says nothing to whoever asks, as one that is frozen."""
    wakes: float = 0.0
    """When it begins to answer (time.monotonic), as one that waits for its store to have a primary again."""
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stand_in.asked.append((self.command, body))
                time.sleep(stand_in.silent or max(0.0, stand_in.wakes - time.monotonic()))
                if stand_in.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(stand_in.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - as http.server calls them

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((HOST, self.port), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture
def pair() -> Iterator[tuple[StandIn, StandIn]]:
    first, second = (StandIn(port) for port in PORTS.of("applications"))
    first.start()
    second.start()
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    layout = Layout(tmp_path_factory.mktemp("var"))
    program = gateway.program(layout, PORTS)
    configuration = layout.gateway / gateway.CONFIGURATION
    configuration.write_text(
        configuration.read_text().replace("proxy_read_timeout 10s;", f"proxy_read_timeout {SOON}s;")
    )
    with gateway_client(layout, PORTS, program) as client:
        yield client


def test_both_get_their_share(client: httpx.Client, pair: tuple[StandIn, StandIn]) -> None:
    assert {client.get(PATH).status_code for _ in range(40)} == {200}
    assert min(len(each.asked) for each in pair) >= 10


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_nothing_is_lost_on_one_that_is_dead(client: httpx.Client, pair: tuple[StandIn, StandIn], method: str) -> None:
    pair[0].stop()

    answers = [client.request(method, PATH, content=BODY) for _ in range(60)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(pair[1].asked) == 60


def test_one_that_comes_back_gets_requests_again(client: httpx.Client, pair: tuple[StandIn, StandIn]) -> None:
    pair[0].stop()
    for _ in range(20):
        client.get(PATH)
    pair[0].start()
    deadline = time.monotonic() + PATIENCE

    while not pair[0].asked and time.monotonic() < deadline:
        assert client.get(PATH).status_code == 200

    assert pair[0].asked


def test_what_may_be_repeated_is_sent_to_the_other_one(client: httpx.Client, pair: tuple[StandIn, StandIn]) -> None:
    pair[0].hangs_up = True
    keyed = {"Idempotency-Key": "k-1"}

    answers = [
        *(client.get(PATH) for _ in range(4)),
        *(client.put(PATH, content=BODY) for _ in range(4)),
        *(client.post(PATH, content=BODY, headers=keyed) for _ in range(4)),
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert {body for method, body in pair[1].asked if method == "POST"} == {BODY}
    assert pair[0].asked


def test_one_that_is_frozen_holds_up_no_reading(client: httpx.Client, pair: tuple[StandIn, StandIn]) -> None:
    pair[0].silent = IN_TIME

    begun = time.monotonic()
    answers = [client.get(PATH), client.get(PATH), client.post(PATH, content=BODY, headers={"Idempotency-Key": "k"})]

    assert {answer.status_code for answer in answers} == {200}
    assert pair[0].asked
    assert time.monotonic() - begun < pair[0].silent


def test_all_that_waited_for_the_store_are_asked_again_at_once(
    client: httpx.Client, pair: tuple[StandIn, StandIn]
) -> None:
    pair[0].silent = pair[1].silent = IN_TIME
    with ThreadPoolExecutor(8) as together:
        assert {answer.status_code for answer in together.map(client.get, [PATH] * 8)} <= {502, 504}
    pair[0].silent = pair[1].silent = 0.0

    assert {client.get(PATH).status_code for _ in range(20)} == {200}


def test_one_that_waits_for_the_store_is_asked_twice_when_the_other_one_is_dead(
    client: httpx.Client, pair: tuple[StandIn, StandIn]
) -> None:
    pair[0].stop()
    pair[1].wakes = time.monotonic() + 1.2 * SOON
    with ThreadPoolExecutor(8) as together:
        assert {answer.status_code for answer in together.map(client.get, [PATH] * 8)} == {200}


def test_what_may_not_be_repeated_is_sent_once_and_answered_as_a_problem(
    client: httpx.Client, pair: tuple[StandIn, StandIn]
) -> None:
    pair[0].hangs_up = pair[1].hangs_up = True

    once = client.post(PATH, content=BODY)
    sent = len(pair[0].asked) + len(pair[1].asked)
    both = client.post(PATH, content=BODY, headers={"Idempotency-Key": "k-1"})

    assert (once.status_code, sent) == (502, 1)
    assert both.status_code == 502
    for answer in (once, both):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == once.json()["code"]


def test_one_that_says_that_its_store_is_down_is_not_taken_for_dead(
    client: httpx.Client, pair: tuple[StandIn, StandIn]
) -> None:
    pair[0].status = pair[1].status = 503

    answers = [client.get(PATH) for _ in range(40)]

    assert {answer.status_code for answer in answers} == {503}
    assert min(len(each.asked) for each in pair) >= 10
    pair[0].status = pair[1].status = 200
    assert {client.get(PATH).status_code for _ in range(10)} == {200}


def test_an_address_of_no_service_is_one_with_a_key_too(client: httpx.Client) -> None:
    answer = client.post("/v1/nothing", headers={"Idempotency-Key": "k-1"})

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-address")
