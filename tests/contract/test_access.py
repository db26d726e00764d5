"""The access table is whole: each operation that there is has its line, and each line its operation."""

from __future__ import annotations

import pytest

from local_stack.ports import SERVICES
from runtime.data_files import load
from tests.contract.access import PUBLIC, described, table
from web.auth import Role
from web.rates import DEFAULT, Rates


def test_every_service_is_in_the_table() -> None:
    assert set(table().operations) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_its_line_and_every_line_its_operation(service: str) -> None:
    there, written = set(described(service)), set(table().of(service))

    assert there - written == set(), "say in shared/contracts/access.yaml who may call it, on whose data"
    assert written - there == set(), "there is no such operation any more"


@pytest.mark.parametrize("service", SERVICES)
def test_what_asks_for_a_token_and_what_does_not_is_as_the_table_says(service: str) -> None:
    for operation, described_as in described(service).items():
        assert bool(described_as.get("security")) != table().of(service)[operation].is_public, operation


def test_the_table_speaks_of_roles_and_scopes_that_there_are() -> None:
    used = {(role, scope) for _, _, line in table().lines() for role, scope in line.scopes.items()}

    assert {role for role, _ in used} <= {PUBLIC, *Role}
    assert {scope for _, scope in used} == set(table().scopes)


def test_every_operation_of_which_the_rates_name_a_kind_is_there() -> None:
    named = {each for kind in load(DEFAULT, Rates).kinds.values() for each in kind.operations}
    there = {operation for service in SERVICES for operation in described(service)}

    assert named - there == {"POST /verify/"}, "a page, which no description has"
