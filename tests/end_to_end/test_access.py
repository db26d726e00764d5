"""Every operation of every service, called by everybody: the access table is what the running system does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx

from local_stack.devices import ProvingAuth
from local_stack.stack import Stack
from testkit.patience import PATIENCE
from tests.contract.access import operations_of, table
from tests.end_to_end.tokens import bad_tokens
from web.auth import STAFF, Role

AT_ONCE = 8


@asynccontextmanager
async def doors(stack: Stack) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Open a connection to each service itself: behind the gateway nothing may depend on the gateway."""
    opened = {
        name: httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.ports.service(name)}", timeout=PATIENCE)
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


async def test_the_running_services_have_exactly_the_operations_of_the_table_and_describe_them(stack: Stack) -> None:
    async with doors(stack) as services:
        for name, client in services.items():
            description = (await client.get("/openapi.json")).json()
            assert set(operations_of(description)) == set(table().of(name))
            assert [*_undescribed(description)] == [], name


def _undescribed(description: Mapping[str, Any]) -> Iterator[str]:
    """Give what lacks its summary, its description, or an example of the JSON that it takes."""
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            content = route.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            bodies = [each["$ref"].rpartition("/")[2] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
            said = [route["summary"], route.get("description") or not path.startswith("/v1/")]
            if not all(said) or not all(description["components"]["schemas"][each].get("examples") for each in bodies):
                yield f"{method} {path}"


async def test_each_role_may_call_what_its_line_says_and_nothing_else(stack: Stack) -> None:
    auth = ProvingAuth(stack.layout.keys)

    async def ask(client: httpx.AsyncClient, operation: str, role: Role, *, allowed: bool) -> None:
        method, path = filled(operation, {})
        token = stack.token(
            role, subject=f"walker-{role}", departments=["psb"], communities=["440309002007"], bound=True
        )
        headers = {"Authorization": f"Bearer {token}"}
        async with client.stream(method, path, headers=headers, auth=auth) as answer:
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


async def test_a_token_without_the_key_that_it_is_bound_to_opens_nothing(stack: Stack) -> None:
    async def ask(client: httpx.AsyncClient, operation: str, role: Role, scheme: str, *, bound: bool) -> None:
        method, path = filled(operation, {})
        token = stack.token(role, subject=f"walker-{role}", bound=bound)
        answer = await client.request(method, path, headers={"Authorization": f"{scheme} {token}"})
        said = "proof-missing" if bound else "unbound-token"
        assert (answer.status_code, answer.json()["code"]) == (401, said), (operation, role)

    async with doors(stack) as services:
        await all_of(
            ask(services[name], operation, role, scheme, bound=bound)
            for name, operation, line in table().lines()
            for role in line.roles & {Role.TERMINAL, *STAFF}
            for scheme, bound in (("Bearer", True), ("DPoP", True), ("DPoP", False))
        )


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
