"""What is declared of how long data lives is what is enforced, and nothing that a service keeps is left out."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest

from bus import topology
from data_rights.domain.export import KEPT
from local_stack.ports import PROCESSES, SERVICES
from operations.config import Settings
from portal.app import COLLECTIONS
from store.repository import Indexes
from tests.contract.published import CONTRACTS
from tests.contract.retention import declared, places

STORES = {"identity": "identity.store.documents", "applications": "applications.store.documents"}


def indexes_of(service: str) -> Indexes:
    package = service.replace("-", "_")
    found: Indexes = import_module(STORES.get(service, f"{package}.store")).INDEXES
    return found


def test_every_service_has_declared_how_long_it_keeps_what() -> None:
    assert set(declared().services) == set(PROCESSES)


@pytest.mark.parametrize("service", SERVICES)
def test_no_collection_of_a_service_is_left_out(service: str) -> None:
    left_out = set(indexes_of(service)) - set(places(declared().services[service]))

    assert left_out == set(), "say in shared/contracts/retention.yaml how long they are kept, and why"


def test_no_collection_of_the_portal_is_left_out() -> None:
    assert set(places(declared().services["portal"])) >= set(COLLECTIONS)


@pytest.mark.parametrize("service", SERVICES)
def test_what_goes_with_something_else_names_what_there_is(service: str) -> None:
    kinds = declared().services[service]
    ends = {place for kind in kinds.values() if kind.is_enforced_here for place in kind.places}

    assert {kind.goes_with for kind in kinds.values() if kind.goes_with} <= ends


@pytest.mark.parametrize("service", SERVICES)
def test_a_collection_that_is_divided_by_a_state_is_divided_whole(service: str) -> None:
    divided: dict[tuple[str, str], list[str]] = {}
    for kind in declared().services[service].values():
        for field, values in kind.when.items():
            divided.setdefault((kind.places[0], field), []).extend(values)

    assert all(len(values) == len(set(values)) for values in divided.values())
    if service == "applications":
        assert set(divided["applications", "state"]) == states("applications.domain.application", "State")
    if service == "review-dispatch":
        assert set(divided["tasks", "status"]) == states("review_dispatch.domain.task", "Status")
    if service == "operations":
        assert set(divided["replays", "state"]) == states("operations.domain.replay", "State")
        assert set(divided["edits", "state"]) == states("operations.domain.edit", "State")


def states(module: str, name: str) -> set[str]:
    return set(getattr(import_module(module), name).__args__)


def test_what_others_enforce_has_the_term_that_is_declared() -> None:
    ours, settings = declared().services, Settings()

    bus = topology.load(CONTRACTS / "topology.toml")
    assert bus.correspondence
    assert {each.max_age for each in bus.streams} == {f"{declared().bus['stream'].days}D"}
    assert days(ours["data-rights"]["export-contents"].days) == KEPT
    assert ours["operations"]["resolved-failures"].days == settings.resolved_days
    assert ours["operations"]["discarded-messages"].days == settings.discard_days
    assert ours["operations"]["trail"].days == settings.trail_days


def days(number: int | None) -> timedelta:
    assert number is not None
    return timedelta(days=number)
