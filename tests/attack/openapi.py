"""`make attack CASES=20000 SEED=1`: requests that nobody thought of, for every operation of every service.

Each operation gets its share of the cases: well-formed by its own description, malformed on purpose, and with ids that
there are. It is called as somebody whom the access table lets in. Whatever it answers must be no server error and must
be as the description says: status, media type, headers, schema.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
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
SECONDS = 30
serializer.alias("application/partial-upload", "application/octet-stream")

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

Sign = Callable[[str], str]
"""Returns a token of a role."""


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


def attack(target: Target, sign: Sign, *, each: int, seeded: int) -> list[Told]:
    """Attack every operation of a service with `each` cases."""
    load_all_checks()
    serializer.alias("application/partial-upload", "application/octet-stream")
    schema = from_url(f"{target.url}/openapi.json")
    schema.config.update(base_url=target.url)
    lines = table().of(target.service)
    with requests.Session() as session:
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
    headers_for: Callable[[str], dict[str, str]],
    session: requests.Session,
    *,
    each: int,
    seeded: int,
) -> Told:
    statuses: dict[int, int] = {}
    label = f"{operation.method.upper()} {operation.path}"

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
        answer = case.call(session=session, headers=headers_for(label), timeout=SECONDS)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)

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


def _caller(lines: Mapping[str, Line], sign: Sign, seeded: int) -> Callable[[str], dict[str, str]]:
    """Return what signs a request to an operation: as one of those who may call it, chosen anew each time."""
    dice = Random(seeded)
    tokens: dict[str, str] = {}

    def headers(operation: str) -> dict[str, str]:
        roles = sorted(lines[operation].roles)
        if not roles:
            return {}
        role = dice.choice(roles)
        if role not in tokens:
            tokens[role] = sign(role)
        return {"Authorization": f"Bearer {tokens[role]}", "Accept-Language": dice.choice(["zh-CN", "en"])}

    return headers


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
        for one in attack(target, lambda role: signed(stack, role), each=each, seeded=seeded):
            told.append(one)
            answers = ", ".join(f"{status}: {count}" for status, count in sorted(one.statuses.items()))
            tell(f"{'FAULT' if one.fault else 'ok   '} {one.operation}  {answers}")
    return told


def signed(stack: Stack, role: str) -> str:
    """Return a token that reaches as far as its role ever does."""
    return stack.token(role, departments=["psb", "health", "edu", "community"], communities=["440309002002"])


if __name__ == "__main__":
    sys.exit(main())
