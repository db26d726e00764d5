"""What each service's account can do on a real broker; everything else, of every other service, is tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)

from bus import topology
from bus.rights import NOTHING
from bus.topology import OPERATIONS, RECEIPTS, dead_letters_of
from local_stack.accounts import permissions
from local_stack.accounts.passwords import ADMINISTRATOR, address, ensure_passwords
from testkit.attempts import (
    ACCESS_REFUSED,
    PRECONDITION_FAILED,
    Attempt,
    channel_of,
    consume,
    every_exchange,
    every_queue,
    get,
    publish,
    purge,
    refused,
    refused_each,
    take,
)
from testkit.fixtures import TOPOLOGY, StackAddresses

DECLARED = topology.load(TOPOLOGY)
SERVICES = DECLARED.parties
EVENTS, CORRESPONDENCE = "events", "correspondence"
TOPICS = (EVENTS, CORRESPONDENCE, *sorted(DECLARED.senders))
SHARED = set(TOPICS)
"""Exchanges where a key names an event, and no service."""
OURS = {key for key in DECLARED.subscriptions if key.partition(".")[0] in DECLARED.parties}
READS_THE_TRAIL = {OPERATIONS}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each service in turn."""
    return str(request.param)


@pytest.fixture
def url(bus: str, infrastructure: StackAddresses, service: str) -> str:
    """The broker's address with the service's account, everything declared."""
    assert bus == infrastructure.amqp
    return infrastructure.account_url(service)


def own_queues(service: str) -> set[str]:
    """Every queue that the service may read; what it hears, and operations what has failed."""
    read = {service} & set(DECLARED.services) | {each.waiting for each in DECLARED.senders_to(service)}
    if service in READS_THE_TRAIL:
        read.add(DECLARED.trail.queue)
    if service in DECLARED.extracts:
        read.add(DECLARED.extracts[service].queue)
    if service == OPERATIONS:
        read |= {"correspondence-trail", RECEIPTS, *map(dead_letters_of, DECLARED.services)}
    return read


def may_write(service: str, exchange: str, key: str) -> bool:
    """Tell whether the service may publish there under that key."""
    if exchange == EVENTS:
        return key.startswith(f"{service}.")
    if exchange == CORRESPONDENCE:
        heard = DECLARED.senders_to(service)
        own = {f"{service}.{event}.v1.{each.code}" for each in heard for event in ("record-refused", "record-accepted")}
        return key in own or key in {said for each in heard for said in DECLARED.keys_from(each)}
    if exchange == "retry":
        return service == OPERATIONS and key in DECLARED.services
    return exchange in {*DECLARED.exchanges} - SHARED and key == service and service in DECLARED.services


def every_key(service: str) -> set[str]:
    """Every key that means something, and some that only seem to."""
    events = {key.replace("*", code) for key in DECLARED.subscriptions for code in DECLARED.departments}
    replies = {f"{name}.record-refused.v1.health" for name in SERVICES}
    return events | replies | odd_keys(service) | set(SERVICES)


def odd_keys(service: str) -> set[str]:
    """Keys that try to look like the service's own."""
    near = {
        "",
        "#",
        "*",
        f"*.{service}",
        f"x{service}",
        f"x{service}.a.v1",
        f"{service}x.a.v1",
        f"{service.upper()}.a.v1",
    }
    broken = {
        f"{service}\n",
        f"identity.id-registered.v1\n{service}.a.v1",
        f"{service}.a.v1\nidentity.id-registered.v1",
    }
    return near | broken


def keys_at(exchange: str, service: str) -> list[str]:
    """Return the keys to try at an exchange: odd ones at every one where keys count; the others take turns.

    The patterns are held to every key of every exchange elsewhere; on the broker, each service tries other ones.
    """
    turn = TOPICS.index(exchange) if exchange in TOPICS else 0
    if exchange not in SHARED:
        return sorted({service, SERVICES[(SERVICES.index(service) + 1) % len(SERVICES)], "#", ""})
    keys = sorted(every_key(service))
    return sorted({*keys[(turn + SERVICES.index(service)) % len(TOPICS) :: len(TOPICS)], *odd_keys(service)})


def test_the_patterns_let_a_service_write_its_own_keys_read_its_own_queues_and_nothing_else(service: str) -> None:
    """Every key at every exchange: as the broker does it, first the exchange's name and then the key."""
    known = permissions.load()
    (rights,) = [each for each in known["permissions"] if each["user"] == service]
    assert rights["configure"] == NOTHING
    assert {each for each in every_queue(DECLARED) if matches(rights["read"], each)} == own_queues(service)
    assert not [each for each in every_exchange(DECLARED) if matches(rights["read"], each)]
    topics = {each["exchange"]: each["write"] for each in known["topic_permissions"] if each["user"] == service}
    for exchange in every_exchange(DECLARED):
        for key in (*every_key(service), *SERVICES, *DECLARED.subscriptions):
            may = matches(rights["write"], exchange) and matches(topics.get(exchange, ""), key)
            wanted = may_write(service, exchange, key) and "\n" not in key
            assert may == wanted or exchange == DECLARED.declared, (exchange, key)


def matches(pattern: str, name: str) -> bool:
    """Tell whether the broker's regular expression is found in a name."""
    return re.search(pattern.replace(r"\z", r"\Z"), name) is not None


def test_there_is_an_account_for_every_service_and_one_that_declares(infrastructure: StackAddresses, bus: str) -> None:
    assert set(SERVICES) >= {"identity", "applications", "matcher", "review-dispatch", "credential-store", OPERATIONS}
    assert not set(SERVICES) & {*DECLARED.departments, ADMINISTRATOR}
    for name in SERVICES:
        with channel_of(infrastructure.account_url(name)) as channel:
            assert channel.is_open
    assert urlsplit(bus).username == ADMINISTRATOR


def test_each_can_publish_its_own_events_and_read_its_own_queue(service: str, url: str, bus: str) -> None:
    with channel_of(url) as channel, channel_of(bus) as administrator:
        for key in (key for key in DECLARED.subscriptions if key.startswith(f"{service}.")):
            publish(EVENTS, key)(channel)
        for key in [key for key in DECLARED.keys_of(service) if key in OURS][:1]:
            administrator.queue_purge(service)
            publish(EVENTS, key, body=b"news")(administrator)
            assert take(channel, service)[1] == b"news"


def test_each_can_put_off_and_bury_what_it_heard_and_tell_of_it(service: str, url: str, bus: str) -> None:
    if service not in DECLARED.services:
        return
    with channel_of(url) as channel, channel_of(bus) as administrator:
        for exchange in DECLARED.exchanges:
            if exchange not in {*SHARED, "retry"}:
                publish(exchange, service)(channel)
        assert take(administrator, dead_letters_of(service))[0] == service
        assert take(administrator, RECEIPTS)[0] == service


def test_operations_can_send_back_to_everybody_and_read_what_has_failed(
    infrastructure: StackAddresses, bus: str
) -> None:
    assert bus
    with channel_of(infrastructure.account_url(OPERATIONS)) as channel:
        for name in DECLARED.services:
            publish("retry", name)(channel)
            channel.basic_get(dead_letters_of(name))


def test_nothing_can_be_written_under_another_name(service: str, url: str) -> None:
    tried = [
        (f"{exchange!r} {key!r}", publish(exchange, key))
        for exchange in every_exchange(DECLARED)
        if exchange != DECLARED.declared
        for key in keys_at(exchange, service)
        if not may_write(service, exchange, key) or "\n" in key
    ]

    codes = refused_each(url, tried)

    assert len(codes) > 100
    assert {name: code for name, code in codes.items() if code != ACCESS_REFUSED} == {}


def test_what_is_written_where_services_look_leads_nowhere(url: str) -> None:
    """From RabbitMQ 4.3 only somebody with a right to it may look whether it is there."""
    with channel_of(url) as channel, pytest.raises(UnroutableError):
        publish(DECLARED.declared, "identity.id-registered.v1")(channel)


def test_no_other_queue_can_be_read_or_emptied(service: str, url: str) -> None:
    others = [queue for queue in every_queue(DECLARED) if queue not in own_queues(service)]

    tried = ((f"{how.__name__} {queue}", how(queue)) for queue in others for how in (get, consume, purge))
    codes = refused_each(url, tried)

    assert len(codes) > 35
    assert set(codes.values()) == {ACCESS_REFUSED}, codes


def tricks(service: str) -> Mapping[str, Attempt]:
    """Ways round a topic permission, for whoever may declare something of its own."""
    forged = {"x-dead-letter-exchange": EVENTS, "x-dead-letter-routing-key": "identity.id-registered.v1"}
    return {
        "a queue of its name that dead-letters": lambda it: it.queue_declare(service, durable=True, arguments=forged),
        "a queue for itself": lambda it: it.queue_declare("", exclusive=True, arguments=forged),
        "an exchange of its name": lambda it: it.exchange_declare(
            service, "topic", arguments={"alternate-exchange": EVENTS}
        ),
        "its queue as it is": lambda it: it.queue_declare(
            service, durable=True, arguments={"x-queue-type": "quorum", "x-overflow": "reject-publish"}
        ),
    }


Change = Callable[[BlockingChannel, str], object]
ON_QUEUES: Mapping[str, Change] = {
    "declare": lambda channel, name: channel.queue_declare(name, durable=True),
    "delete": lambda channel, name: channel.queue_delete(name),
    "bind": lambda channel, name: channel.queue_bind(name, EVENTS, "#"),
    "unbind": lambda channel, name: channel.queue_unbind(name, EVENTS, "#"),
    "have others' failures in": lambda channel, name: channel.queue_bind(name, "retry", "#"),
}
ON_EXCHANGES: Mapping[str, Change] = {
    "declare": lambda channel, name: channel.exchange_declare(name, "topic", durable=True),
    "delete": lambda channel, name: channel.exchange_delete(name),
    "lead into events": lambda channel, name: channel.exchange_bind(EVENTS, name, "#"),
    "lead events into": lambda channel, name: channel.exchange_bind(name, EVENTS, "#"),
    "lead events no longer into": lambda channel, name: channel.exchange_unbind(name, EVENTS, "#"),
}


def changes(service: str) -> Mapping[str, Attempt]:
    """Every change of every exchange, and of every queue that it has any right to; the other queues take turns."""
    turn = every_queue(DECLARED)[SERVICES.index(service) :: len(SERVICES)]
    rights = own_queues(service) | {dead_letters_of(each) for each in DECLARED.services if each == service}
    rights |= set(DECLARED.services) if service == OPERATIONS else set()
    queues, exchanges = sorted({*turn, *rights}), [*DECLARED.exchanges, DECLARED.declared]
    return {
        **{f"{what} {name}": partial(_on, how, name) for what, how in ON_QUEUES.items() for name in queues},
        **{
            f"{what} exchange {name}": partial(_on, how, name)
            for what, how in ON_EXCHANGES.items()
            for name in exchanges
        },
        **tricks(service),
    }


def _on(how: Change, name: str, channel: BlockingChannel) -> object:
    return how(channel, name)


def test_nothing_can_be_declared_deleted_or_bound_not_even_its_own(service: str, url: str) -> None:
    codes = refused_each(url, changes(service).items())

    assert len(codes) > 120
    assert {name: code for name, code in codes.items() if code != ACCESS_REFUSED} == {}


def test_nobody_can_write_under_another_accounts_name(service: str, url: str) -> None:
    key = next((key for key in DECLARED.subscriptions if key.startswith(f"{service}.")), "")
    exchange, key = (EVENTS, key) if key else ("retry", "matcher")
    others = [name for name in (*SERVICES, ADMINISTRATOR) if name != service]
    codes = refused_each(url, ((name, publish(exchange, key, user_id=name)) for name in others))
    assert set(codes.values()) == {PRECONDITION_FAILED}, codes
    assert refused(url, publish(exchange, key, user_id=service)) == 0


def test_there_is_no_way_into_another_virtual_host(url: str) -> None:
    for vhost in ("other", "%2Fother", "events"):
        with pytest.raises((ProbableAccessDeniedError, ConnectionClosedByBroker)):
            pika.BlockingConnection(pika.URLParameters(urlsplit(url)._replace(path=f"/{vhost}").geturl()))


def test_nobodys_password_opens_another_account(infrastructure: StackAddresses) -> None:
    passwords = ensure_passwords(infrastructure.accounts, SERVICES)
    assert len(set(passwords.values())) == len(SERVICES)
    for name, other in zip(SERVICES, (*SERVICES[1:], SERVICES[0]), strict=True):
        with pytest.raises((ProbableAuthenticationError, ConnectionClosedByBroker)):
            pika.BlockingConnection(pika.URLParameters(address(infrastructure.amqp, name, passwords[other])))
