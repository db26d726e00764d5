"""Every operation of every service, called by everybody: the access table is what the running system does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import httpx

from local_stack.stack import Stack
from runtime.access import Role
from tests.contract.access import operations_of, table
from tests.end_to_end.tokens import bad_tokens

AT_ONCE = 8


@asynccontextmanager
async def doors(stack: Stack) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Open a connection to each service itself: behind the gateway nothing may depend on the gateway."""
    opened = {
        name: httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.ports.service(name)}", timeout=60)
        for name in table().operations
    }
    try:
        yield opened
    finally:
        await asyncio.gather(*(each.aclose() for each in opened.values()))


def filled(operation: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Return method and path, with these values, or an invented one, where the path has parameters."""
    method, _, template = operation.partition(" ")
    return method, re.sub(r"{(\w+)}", lambda found: values.get(found[1], "none_0000"), template)


async def all_of(asked: Iterable[Awaitable[None]]) -> None:
    """Ask everything, several at once."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[None]) -> None:
        async with free:
            await each

    await asyncio.gather(*map(one, asked))


async def test_the_running_services_have_exactly_the_operations_of_the_table(stack: Stack) -> None:
    async with doors(stack) as services:
        for name, client in services.items():
            assert set(operations_of((await client.get("/openapi.json")).json())) == set(table().of(name))


async def test_each_role_may_call_what_its_line_says_and_nothing_else(stack: Stack) -> None:
    device = stack.device("walker-terminal")

    async def ask(client: httpx.AsyncClient, operation: str, role: Role, *, allowed: bool) -> None:
        method, path = filled(operation, {})
        token = stack.token(role, subject=f"walker-{role}", departments=["psb"], communities=["440309002007"])
        headers = {"Authorization": f"Bearer {token}"}
        if role is Role.TERMINAL:
            headers = device.headers(method, f"{client.base_url}{path}", token)
        async with client.stream(method, path, headers=headers) as answer:
            is_stream = answer.headers.get("content-type", "").startswith("text/event-stream")
            content = b"" if is_stream else await answer.aread()
        code = answer.json().get("code") if content else None
        if allowed:
            assert answer.status_code != 401, (operation, role, code)
            assert code != "wrong-role", (operation, role)
        else:
            assert (answer.status_code, code) == (403, "wrong-role"), (operation, role, answer.status_code)

    async with doors(stack) as services:
        await all_of(
            ask(services[name], operation, role, allowed=role in line.roles)
            for name, operation, line in table().lines()
            for role in Role
            if not line.is_public
        )


async def test_a_terminals_token_without_its_key_opens_nothing(stack: Stack) -> None:
    token = stack.token(Role.TERMINAL, subject="walker-terminal", communities=["440309002007"])
    async with doors(stack) as services:
        for name, operation, line in table().lines():
            if Role.TERMINAL in line.roles:
                method, path = filled(operation, {})
                for scheme in ("Bearer", "DPoP"):
                    answer = await services[name].request(method, path, headers={"Authorization": f"{scheme} {token}"})
                    assert (answer.status_code, answer.json()["code"]) == (401, "proof-missing"), operation


async def test_nobody_gets_in_without_a_good_token(stack: Stack) -> None:
    async def ask(client: httpx.AsyncClient, operation: str, way: str, token: str | None) -> None:
        method, path = filled(operation, {})
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        answer = await client.request(method, path, headers=headers)
        codes = {"no token": "no-token", "expired": "expired-token", "not valid yet": "early-token"}
        code = codes.get(way, "bad-token")
        assert (answer.status_code, answer.json()["code"]) == (401, code), (operation, way)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    async with doors(stack) as services:
        await all_of(
            ask(services[name], operation, way, token) for name, operation, way, token in _tried(stack.layout.keys)
        )


async def test_what_is_public_asks_for_no_token_and_believes_none(stack: Stack) -> None:
    async with doors(stack) as services:
        for name, operation, line in table().lines():
            if line.is_public:
                method, path = filled(operation, {})
                answer = await services[name].request(method, path, headers={"Authorization": "Bearer rubbish"})
                assert answer.status_code in {200, 404, 422}, operation  # 422 where it wants a body


def _tried(keys: Path) -> Iterator[tuple[str, str, str, str | None]]:
    """Try every operation without a token and with one bad one, each time the next; one of each service with all."""
    bad = {role: dict(bad_tokens(keys, role)) for role in Role}
    turns, met = cycle(bad[Role.RESIDENT]), set[str]()
    for name, operation, line in table().lines():
        if not line.is_public:
            of_role = bad[min(line.roles)]
            yield name, operation, "no token", None
            yield from ((name, operation, way, of_role[way]) for way in (of_role if name not in met else [next(turns)]))
            met.add(name)
