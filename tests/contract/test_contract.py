"""Both sides of every event are held to the files in `shared/contracts/`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from bus.consumer import Subscription
from bus.envelope import decode_event
from bus.event import describes_people
from bus.event_encryption import name_of as key_name_of
from bus.topology import OPERATIONS, Topology
from tests.contract.catalogue import catalogue, name_of
from tests.contract.published import (
    EVENTS,
    FROM_OUTSIDE,
    all_types,
    example_file,
    examples,
    heard,
    own_events,
    read,
    replies,
    schema_file,
    schema_of,
    subscriptions,
)
from tests.contract.release import RELEASED

OWN = own_events()
ALL = all_types()
EXAMPLES = [path for event_type in ALL for path in examples(event_type)]
ENVELOPE = Draft202012Validator(
    read(EVENTS.parent / "envelope.schema.json"), format_checker=Draft202012Validator.FORMAT_CHECKER
)


def contract_of(path: Path) -> str:
    """The event that an example file is one of."""
    return path.name.partition(".example")[0]


@pytest.mark.parametrize("event_type", sorted(OWN))
def test_the_publishers_model_generates_exactly_the_released_schema(event_type: str) -> None:
    assert schema_of(OWN[event_type]) == read(schema_file(event_type)), "run `make contracts` and review the change"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_a_whole_message_that_meets_its_schema(path: Path) -> None:
    message, event_type = read(path), contract_of(path)
    envelope = decode_event(orjson.dumps(message))

    ENVELOPE.validate(message)
    Draft202012Validator(read(schema_file(event_type)), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        message["data"]
    )
    assert heard(envelope.type) == event_type or envelope.type.partition(".")[2] == event_type.partition(".")[2]


@pytest.mark.parametrize("event_type", ALL)
def test_every_event_has_an_example_a_name_in_chinese_and_a_description_of_every_field(event_type: str) -> None:
    schema = read(schema_file(event_type))
    parts = [schema, *schema.get("$defs", {}).values()]

    assert example_file(event_type).exists()
    assert catalogue().events[name_of(event_type)].zh
    assert [n for part in parts for n, field in part.get("properties", {}).items() if "description" not in field] == []


def test_the_catalogue_names_no_event_that_there_is_not() -> None:
    assert set(catalogue().events) == {name_of(event_type) for event_type in ALL}


def test_every_example_has_an_id_of_its_own() -> None:
    ids = [read(path)["id"] for path in EXAMPLES]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("service", "subscription"), subscriptions(), ids=lambda v: getattr(v, "pattern", v))
def test_the_consumers_narrow_view_reads_the_examples(service: str, subscription: Subscription[Any]) -> None:
    for event_type in (heard(subscription.pattern), *subscription.older):
        for path in examples(event_type) or examples(event_type, RELEASED):
            received = subscription.read(decode_event(path.read_bytes()))
            assert isinstance(received.data, subscription.view), (service, path.name)


@pytest.mark.parametrize(("service", "subscription"), subscriptions(), ids=lambda v: getattr(v, "pattern", v))
def test_the_consumers_narrow_view_asks_for_nothing_that_the_contract_lacks(
    service: str, subscription: Subscription[Any]
) -> None:
    promised = read(schema_file(heard(subscription.pattern)))["properties"]

    assert set(subscription.view.model_fields) <= set(promised), service


def test_the_topology_and_the_services_tables_name_the_same_subscriptions(full_topology: Topology) -> None:
    bound = {(service, key) for key, services in full_topology.subscriptions.items() for service in services}

    assert {(service, subscription.pattern) for service, subscription in subscriptions()} == bound


def test_what_a_service_may_read_again_it_acts_on(full_topology: Topology) -> None:
    assert full_topology.extracts
    for service, extract in full_topology.extracts.items():
        assert set(extract.keys) <= set(full_topology.keys_of(service))


def test_every_event_that_is_published_has_a_line_in_the_topology(full_topology: Topology) -> None:
    assert {heard(key) for key in full_topology.subscriptions} == set(ALL)


def test_no_file_of_an_event_that_is_gone_is_left_behind() -> None:
    expected = {schema_file(event_type).name for event_type in ALL} | {path.name for path in EXAMPLES}

    assert {path.name for path in EVENTS.iterdir()} == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_no_message_belongs_to_a_persons_index_but_the_first_version_of_those_from_outside(path: Path) -> None:
    is_old = contract_of(path) in FROM_OUTSIDE and contract_of(path).endswith(".v1")

    assert bool(re.fullmatch("[0-9a-f]{64}", read(path)["correlationid"])) == is_old


@pytest.mark.parametrize("event_type", ALL)
def test_no_message_carries_an_identity_number(event_type: str) -> None:
    promised = read(schema_file(event_type))

    assert not {"number", "identity_number", "id_number"} & set(promised["properties"])


def test_nothing_that_a_system_outside_reads_describes_people_as_it_could_not_decrypt_it(
    full_topology: Topology,
) -> None:
    outside = {*replies(), *full_topology.outside}
    assert outside
    assert [each for each in outside if describes_people(OWN[each])] == []


def test_publisher_readers_and_operations_have_a_key_for_every_event_of_ours(full_topology: Topology) -> None:
    for event_type in OWN:
        assert {event_type.partition(".")[0], OPERATIONS} <= full_topology.audiences[key_name_of(event_type)]
    for service, subscription in subscriptions():
        for event_type in (subscription.pattern, *subscription.older):
            readers = full_topology.audiences.get(key_name_of(event_type))
            assert readers is None or service in readers
            assert (readers is None) == (full_topology.sender_of(event_type) is not None or event_type.startswith("*."))
