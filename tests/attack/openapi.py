"""`make attack CASES=20000 SEED=1`: requests that nobody thought of, for every operation of every service.

Each operation gets its share of the cases: well-formed by its own description, malformed on purpose, and with ids that
there are. It is called as somebody whom the access table lets in, with a token that is bound to a key of each role's
own and a proof of it, which nothing may refuse; some cases prove it wrongly, and must be refused. Whatever it answers
must be no server error and must be as the description says: status, media type, headers, schema.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from requests.auth import AuthBase
from schemathesis import BaseSchema, Case, GenerationMode, serializer
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Err
from schemathesis.openapi import from_url
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local_stack.devices import Device, device_of
from local_stack.ports import Ports
from local_stack.stack import Stack
from tests.contract.access import Line, table
from tests.journeys.emptying import empty

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var" / "attack"
PORT_BASE = 26000
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECONDS = 180
BAD_REQUEST, UNAUTHORIZED, UNAVAILABLE = 400, 401, 503
OFTEN = 20
"""How many times a busy service is asked again."""
DEPARTMENTS, COMMUNITIES = ("psb", "health", "edu", "community"), ("440309002002",)
"""Of staff who reach as far as their role ever does."""
serializer.alias("application/partial-upload", "application/octet-stream")

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

Sign = Callable[[str], str]
"""Returns a token of a role."""

Turn = Callable[[str], tuple[str, str]]
"""Returns the token and the language of who calls an operation this time."""

RIGHT = "rightly"
WRONG = ("not at all", "with another key", "for another address", "for another token")
"""Ways to prove the key that a token is bound to."""
_ONE_IN = 10
"""Of so many cases one is proven wrongly."""


@dataclass(frozen=True, slots=True)
class Target:
    """One service: its name and address, and ids that there are by the name of the path's parameter."""

    service: str
    url: str
    known: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """How an operation stood it: how many cases it got, how it answered, and what was wrong, if anything."""

    operation: str
    cases: int
    statuses: Mapping[int, int]
    fault: str | None


class Signing(AuthBase):
    """Sends a token, whatever a case says of its headers, and proves its key in some `way`."""

    def __init__(self, keys: Path) -> None:
        self._thief = Device(keys, "thief")
        self._device = cache(partial(device_of, keys))
        self.token = ""
        self.way = RIGHT

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token, and a proof."""
        token, body = self.token, request.body
        if not token:
            return request
        request.headers["Authorization"] = f"Bearer {token}"
        device = self._thief if self.way == "with another key" else self._device(token)
        if device is None or self.way == "not at all":
            return request
        content = body.encode() if isinstance(body, str) else body or b"" if isinstance(body, bytes | None) else None
        url = f"{request.url}".partition("?")[0] + ("/elsewhere" if self.way == "for another address" else "")
        named = f"{token}x" if self.way == "for another token" else token
        proof = device.proof(request.method or "", url, named, body=content)
        request.headers.update({"Authorization": f"DPoP {token}", "DPoP": proof})
        return request


def attack(target: Target, sign: Sign, *, keys: Path, each: int, seeded: int) -> list[Told]:
    """Attack every operation of a service with `each` cases."""
    load_all_checks()
    serializer.alias("application/partial-upload", "application/octet-stream")
    schema = from_url(f"{target.url}/openapi.json")
    schema.config.update(base_url=target.url)
    lines = table().of(target.service)
    with requests.Session() as session:
        session.auth = Signing(keys)
        return [
            _attack(found, target, _caller(lines, sign, seeded), session, each=each, seeded=seeded)
            for found in _operations(schema)
        ]


def _operations(schema: BaseSchema) -> Iterator[Operation]:
    """Return every operation that answers to an end. Raises what is wrong with a description that can't be read."""
    for found in schema.get_all_operations():
        if isinstance(found, Err):
            raise found.err()
        if not found.ok().path.endswith("/stream"):
            yield found.ok()


def _attack(
    operation: Operation,
    target: Target,
    turn_of: Turn,
    session: requests.Session,
    *,
    each: int,
    seeded: int,
) -> Told:
    statuses: dict[int, int] = {}
    dice = Random(seeded)
    label = f"{operation.method.upper()} {operation.path}"
    signing = session.auth
    assert isinstance(signing, Signing)

    @seed(seeded)
    @settings(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation, target.known))
    def strike(case: AnyCase) -> None:
        signing.token, language = turn_of(label)
        signing.way = dice.choice(WRONG) if signing.token and dice.randrange(_ONE_IN) == 0 else RIGHT
        call = partial(case.call, session=session, headers={"Accept-Language": language}, timeout=SECONDS)
        answer = call()
        for _ in range(OFTEN):
            if answer.status_code != UNAVAILABLE:
                break
            time.sleep(1)
            answer = call()
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)
        if signing.way == RIGHT:
            assert answer.status_code != UNAUTHORIZED, f"a right proof was refused: {answer.text}"
        else:
            assert answer.status_code >= BAD_REQUEST, f"it was proven {signing.way}, and answered {answer.status_code}"

    fault = None
    try:
        strike()
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever goes wrong is the finding
        fault = f"{error}\n{getattr(error, '__notes__', '')}"
    return Told(f"{target.service}: {label}", sum(statuses.values()), statuses, fault)


def _cases(operation: Operation, known: Mapping[str, Sequence[str]]) -> SearchStrategy[AnyCase]:
    """Mix requests that are well-formed, malformed, and well-formed with ids that there are."""
    ways = [operation.as_strategy(generation_mode=GenerationMode.POSITIVE)]
    if operation.path_parameters or operation.query or operation.headers or operation.body:
        ways.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    names = [parameter.name for parameter in operation.path_parameters]
    if names and all(known.get(name) for name in names):
        real = st.fixed_dictionaries({name: st.sampled_from(list(known[name])) for name in names})
        ways += [real.flatmap(lambda ids: operation.as_strategy(path_parameters=ids))] * 2
    return st.one_of(ways)


def _caller(lines: Mapping[str, Line], sign: Sign, seeded: int) -> Turn:
    """Return what chooses each time anew who calls an operation, of those who may: a token, or none, and a language."""
    dice = Random(seeded)
    tokens: dict[str, str] = {}

    def turn(operation: str) -> tuple[str, str]:
        role = dice.choice(sorted(lines[operation].roles) or [""])
        if role and role not in tokens:
            tokens[role] = sign(role)
        return tokens.get(role, ""), dice.choice(["zh-CN", "en"])

    return turn


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack a system of its own; 0 when it stood all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.openapi", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="how many requests, of all operations together")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same requests")
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    empty(VAR)
    with Stack(VAR, port_base=Ports.from_environment(PORT_BASE).base) as stack:
        told = _rounds(stack, asked.cases, asked.seed)
    wrong = [one for one in told if one.fault]
    for one in wrong:
        print(f"\n{one.operation}\n{one.fault}")
    print(f"\n{_cases_of(told)} cases in {time.monotonic() - begun:.0f} s, {len(wrong)} operations with faults")
    return 1 if wrong else 0


def _rounds(stack: Stack, cases: int, seeded: int) -> list[Told]:
    """Attack in rounds, each with the next seed, until there were so many cases: some operations have but few."""
    told, operations = list[Told](), sum(1 for _ in table().lines())
    while (left := cases - _cases_of(told)) > 0:
        each = -(-left // operations)
        print(f"seed {seeded}: up to {each} cases for each of {operations} operations", flush=True)
        told += attack_all(stack, {}, each=each, seeded=seeded, tell=print)
        seeded += 1
    return told


def _cases_of(told: Sequence[Told]) -> int:
    return sum(one.cases for one in told)


def attack_all(
    stack: Stack, known: Mapping[str, Sequence[str]], *, each: int, seeded: int, tell: Callable[[str], None]
) -> list[Told]:
    """Attack every service of a running system, and tell of each operation as soon as it has stood it."""
    told = []
    for service in table().operations:
        target = Target(service, f"http://127.0.0.1:{stack.ports.service(service)}", known)
        for one in attack(target, lambda role: signed(stack, role), keys=stack.layout.keys, each=each, seeded=seeded):
            told.append(one)
            answers = ", ".join(f"{status}: {count}" for status, count in sorted(one.statuses.items()))
            if one.fault:
                print(one.fault[:3000])
            tell(f"{'FAULT' if one.fault else 'ok   '} {one.operation}  {answers}")
    return told


def signed(stack: Stack, role: str) -> str:
    """Return a token that reaches as far as its role ever does."""
    return stack.token(role, departments=DEPARTMENTS, communities=COMMUNITIES, bound=True)


if __name__ == "__main__":
    sys.exit(main())
