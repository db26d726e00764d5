"""How much one client may ask for, while others go on. No service is up: what is let through is answered with 502."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from testkit.doorway import Doorway, doorway
from testkit.infrastructure import free_ports

PORTS = free_ports(30000)
BURST = 200
BURST_OF_A_TOKEN = 100
BURST_OF_TRYING = 20
BURST_OF_VERIFYING = 50
BURST_OF_TRYING_WITH_A_TOKEN = 10
LET_THROUGH, TOO_MUCH = 502, 429
TRIED = ["/v1/residents", "/v1/lookups", "/v1/queries", "/v1/presences", "/operations/sign-in"]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorway]:
    with doorway(tmp_path_factory.mktemp("var"), PORTS, services=()) as door:
        yield door


def test_an_address_that_asks_too_much_is_told_to_wait_and_others_are_not(door: Doorway) -> None:
    greedy = door.in_a_row(900, "GET /v1/items", "127.0.0.11")
    modest = door.in_a_row(100, "GET /v1/items", "127.0.0.12")

    assert greedy[LET_THROUGH] >= BURST
    assert greedy[TOO_MUCH] > BURST
    assert modest == {LET_THROUGH: 100}


@pytest.mark.parametrize(("language", "title"), [("en", "Too many requests"), ("zh-CN", "请求过于频繁")])
def test_whoever_asks_too_much_is_told_in_their_language_when_to_try_again(
    door: Doorway, language: str, title: str
) -> None:
    with door.client("127.0.0.13") as greedy:
        while (answer := greedy.post("/v1/lookups", headers={"Accept-Language": language})).status_code != TOO_MUCH:
            assert answer.status_code == LET_THROUGH
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["title"]) == ("too-many-requests", title)


@pytest.mark.parametrize("path", TRIED)
def test_where_numbers_could_be_tried_out_less_is_allowed(door: Doorway, path: str) -> None:
    guesser = f"127.0.1.{1 + TRIED.index(path)}"
    tried = door.in_a_row(100, f"POST {path}", guesser, "Content-Length: 0")

    assert BURST_OF_TRYING <= tried[LET_THROUGH] < 2 * BURST_OF_TRYING
    assert tried[TOO_MUCH] == 100 - tried[LET_THROUGH]
    assert door.in_a_row(20, "GET /v1/items", guesser) == {LET_THROUGH: 20}


def test_what_nobody_signs_in_for_costs_no_more_than_so_much_from_one_address(door: Doorway) -> None:
    asked = door.in_a_row(300, "POST /v1/verifications", "127.0.1.40", "Content-Length: 0")

    assert BURST_OF_VERIFYING <= asked[LET_THROUGH] < 2 * BURST_OF_VERIFYING
    assert door.in_a_row(20, "POST /v1/verifications", "127.0.1.41", "Content-Length: 0") == {LET_THROUGH: 20}


def test_a_token_has_its_limit_wherever_it_is_used(door: Doorway) -> None:
    shared = Counter[int]()
    for last in range(1, 5):
        shared += door.in_a_row(100, "GET /v1/items", f"127.0.2.{last}", "Authorization: Bearer a.b.stolen-and-shared")

    assert BURST_OF_A_TOKEN <= shared[LET_THROUGH] < 2 * BURST_OF_A_TOKEN
    another = door.in_a_row(50, "GET /v1/items", "127.0.2.1", "Authorization: Bearer a.b.somebody-elses")
    assert another == {LET_THROUGH: 50}


def test_a_token_cannot_try_many_numbers_from_many_addresses(door: Doorway) -> None:
    tried = Counter[int]()
    for last in range(1, 5):
        headers = ("Authorization: Bearer a.b.a-curious-clerk", "Content-Length: 0")
        tried += door.in_a_row(15, "POST /v1/lookups", f"127.0.3.{last}", *headers)

    assert BURST_OF_TRYING_WITH_A_TOKEN <= tried[LET_THROUGH] < 2 * BURST_OF_TRYING_WITH_A_TOKEN


def test_loads_from_this_machine_are_not_limited(door: Doorway) -> None:
    headers = ("Authorization: Bearer a.b.c", "Content-Length: 0")
    assert door.in_a_row(900, "POST /v1/lookups", "127.0.0.1", *headers) == {LET_THROUGH: 900}
