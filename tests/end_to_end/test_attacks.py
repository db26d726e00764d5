"""Requests that mean harm, sent to every operation of every service: refused, and no service stumbles."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import cycle, islice
from typing import Any

import httpx

from local_stack.devices import ProvingAuth
from local_stack.stack import Stack
from tests.attack import bodies
from tests.attack.openapi import attack_all, signed
from tests.contract.access import operations_of, table
from tests.end_to_end.test_access import all_of, doors, filled

TURNS = cycle(bodies.PLACES)
AT_ONE_PLACE = 2
LATER = {429, 503}
OFTEN = 20
EACH = 2
"""Generated cases for each operation in this suite; `make attack` sends twenty thousand."""


def caller(stack: Stack, operation: str, service: str) -> dict[str, str]:
    roles = sorted(table().of(service)[operation].roles)
    return {"Authorization": f"Bearer {signed(stack, roles[0])}"} if roles else {}


async def sent(
    stack: Stack, client: httpx.AsyncClient, operation: str, service: str, path: str, body: bodies.Json
) -> httpx.Response:
    """Send a body as who may call the operation."""
    method = operation.partition(" ")[0]
    headers = caller(stack, operation, service)
    auth = ProvingAuth(stack.layout.keys)
    return await asked_again(lambda: client.request(method, path, json=body, headers=headers, auth=auth))


async def asked_again(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask; and again, so often, when told to come later, as by a busy store."""
    answer = await ask()
    for _ in range(OFTEN):
        if answer.status_code not in LATER:
            break
        await asyncio.sleep(int(answer.headers.get("Retry-After", "1")))
        answer = await ask()
    return answer


async def described(client: httpx.AsyncClient) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    said = (await client.get("/openapi.json")).json()
    return operations_of(said), said.get("components", {}).get("schemas", {})


Variants = Callable[[bodies.Json], Iterable[tuple[str, bodies.Json]]]
Answered = tuple[str, str, httpx.Response]


async def answers(stack: Stack, variants: Variants) -> list[Answered]:
    """Send variants of the example of every operation that takes a body; return operation, variant and answer."""
    answered: list[Answered] = []

    async def strike(client: httpx.AsyncClient, service: str, operation: str, what: str, body: bodies.Json) -> None:
        _, path = filled(operation, {})
        answered.append((operation, what, await sent(stack, client, operation, service, path, body)))

    async with doors(stack) as services:
        for name, client in services.items():
            operations, schemas = await described(client)
            examples = {each: bodies.example_of(said, schemas) for each, said in operations.items()}
            await all_of(
                strike(client, name, operation, what, body)
                for operation, example in examples.items()
                if example is not None
                for what, body in variants(example)
            )
    return answered


async def test_no_field_takes_a_condition_for_a_value(stack: Stack) -> None:
    for operation, where, answer in await answers(stack, bodies.with_operators):
        assert 400 <= answer.status_code < 500, (operation, where, answer.status_code, answer.text[:300])


async def test_nobody_assigns_what_is_not_theirs_to_give(stack: Stack) -> None:
    for operation, fields, answer in await answers(stack, bodies.with_more):
        assert answer.status_code in {403, 404, 422}, (operation, fields, answer.status_code, answer.text[:300])
        if answer.status_code == 422:
            refused = {each["pointer"].rpartition("/")[2] for each in answer.json()["errors"]}
            assert set(fields.split()) <= refused, (operation, set(fields.split()) - refused)


async def test_no_path_and_no_query_is_more_than_a_text(stack: Stack) -> None:
    async def strike(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> None:
        answer = await asked_again(lambda: client.request(method, path, headers=headers, auth=auth))
        assert answer.status_code < 500, (method, path, answer.status_code, answer.text[:300])
        assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]
        assert "49" not in answer.text or "{{" not in path

    auth = ProvingAuth(stack.layout.keys)
    async with doors(stack) as services:
        for name, client in services.items():
            operations, _ = await described(client)
            await all_of(
                strike(client, method, path, caller(stack, operation, name))
                for operation, said in operations.items()
                for method, path in _misused(operation, said)
            )


def _misused(operation: str, said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Put a few misuses into the place of every parameter of the path and of the query, each time the next ones."""
    method, path = filled(operation, {})
    for parameter in said.get("parameters", ()):
        for text in islice(TURNS, AT_ONE_PLACE):
            if parameter["in"] == "path":
                yield method, filled(operation, {parameter["name"]: text})[1]
            elif parameter["in"] == "query":
                yield method, f"{path}?{parameter['name']}={text}&{parameter['name']}[$ne]={text}"


def test_whatever_is_made_up_from_the_descriptions_is_answered_as_described(stack: Stack) -> None:
    seeded = int(os.environ.get("SEED", secrets.randbelow(1_000_000)))
    print(f"SEED={seeded}")
    told = attack_all(stack, {}, each=EACH, seeded=seeded, tell=lambda _: None)
    assert [f"{one.operation}: {one.fault}" for one in told if one.fault] == []
    assert sum(one.cases for one in told) > len(told)
