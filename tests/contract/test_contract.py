"""Both sides of every event are held to the files in `shared/contracts/`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from messaging.consumer import Subscription
from messaging.envelope import unseal
from messaging.topology import Topology
from tests.contract.published import (
    EVENTS,
    FROM_OUTSIDE,
    SERVICES,
    example_file,
    own_events,
    read,
    schema_file,
    schema_of,
)

OWN = own_events()
ALL = sorted([*OWN, *FROM_OUTSIDE])


def subscriptions() -> list[tuple[str, Subscription[Any]]]:
    """Every line of every service's table."""
    return [
        (service.replace("_", "-"), subscription)
        for service in SERVICES
        for subscription in import_module(f"{service}.consumers").SUBSCRIPTIONS
    ]


def heard(pattern: str) -> str:
    """The contract that a subscription's pattern stands for."""
    return pattern.replace("*.", "department.", 1)


@pytest.mark.parametrize("event_type", sorted(OWN))
def test_the_publishers_model_generates_exactly_the_released_schema(event_type: str) -> None:
    assert schema_of(OWN[event_type]) == read(schema_file(event_type)), "run `make contracts` and review the change"


@pytest.mark.parametrize("event_type", ALL)
def test_the_example_is_a_whole_message_that_meets_its_schema(event_type: str) -> None:
    message = read(example_file(event_type))
    envelope = unseal(orjson.dumps(message))

    Draft202012Validator(read(schema_file(event_type)), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        message["data"]
    )
    assert heard(envelope.type) == event_type or envelope.type.partition(".")[2] == event_type.partition(".")[2]


@pytest.mark.parametrize(("service", "subscription"), subscriptions(), ids=lambda v: getattr(v, "pattern", v))
def test_the_consumers_narrow_view_reads_the_example(service: str, subscription: Subscription[Any]) -> None:
    message = orjson.dumps(read(example_file(heard(subscription.pattern))))

    received = subscription.read(unseal(message))

    assert isinstance(received.data, subscription.view), service


@pytest.mark.parametrize(("service", "subscription"), subscriptions(), ids=lambda v: getattr(v, "pattern", v))
def test_the_consumers_narrow_view_asks_for_nothing_that_the_contract_lacks(
    service: str, subscription: Subscription[Any]
) -> None:
    promised = read(schema_file(heard(subscription.pattern)))["properties"]

    assert set(subscription.view.model_fields) <= set(promised), service


def test_the_topology_and_the_services_tables_name_the_same_subscriptions(full_topology: Topology) -> None:
    bound = {(service, key) for key, services in full_topology.subscriptions.items() for service in services}

    assert {(service, subscription.pattern) for service, subscription in subscriptions()} == bound


def test_every_event_that_is_published_has_a_line_in_the_topology(full_topology: Topology) -> None:
    assert {heard(key) for key in full_topology.subscriptions} == set(ALL)


def test_no_file_of_an_event_that_is_gone_is_left_behind() -> None:
    expected = {path(event_type).name for event_type in ALL for path in (schema_file, example_file)}

    assert {path.name for path in EVENTS.iterdir()} == expected


@pytest.mark.parametrize("event_type", ALL)
def test_no_message_carries_an_identity_number(event_type: str) -> None:
    promised = read(schema_file(event_type))

    assert not {"number", "identity_number", "id_number"} & set(promised["properties"])
