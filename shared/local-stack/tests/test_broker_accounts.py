"""What a department's account can do on a real broker: its own keys and its own replies. Everything else is tried."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlsplit

import pika
import pytest
from pika.exceptions import ConnectionClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from bus.rights import LIMITS
from bus.topology import Topology
from local_stack.accounts.passwords import address
from testkit.attempts import (
    ACCESS_REFUSED,
    NOT_ALLOWED,
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
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE

US = "health"
OWN = "health.department-record-published.v1"
MESSAGES = "health.messages"


@pytest.fixture
def url(bus: str, infrastructure: StackAddresses) -> str:
    """The broker's address with the department's account, everything declared."""
    assert bus == infrastructure.amqp
    return infrastructure.account_url(US)


def every_key(declared: Topology) -> set[str]:
    """Every key that means something, and some that try to look like one's own."""
    events = {f"{code}.{event}.v1" for code, who in declared.departments.items() for event in who.events}
    ours = {pattern for pattern in declared.subscriptions if not pattern.startswith("*")}
    near = {
        *(f"{US}.department-record-published.{version}" for version in ("v2", "v11", "v1.x", "v1.civil", "")),
        *(f"{US}.{event}.v1" for event in ("department-record-deleted", "city-record-published", "credential-stored")),
        *("", "#", "*.department-record-published.v1", f"x{OWN}", f"{OWN}\n", f"{OWN}\ncity", OWN.upper(), "health"),
        *(f"credential-store.record-refused.v1.{code}" for code in declared.departments),
    }
    return events | ours | near


def test_every_system_outside_can_publish_its_own_events_and_read_its_own_replies(
    bus: str, infrastructure: StackAddresses, full_topology: Topology
) -> None:
    for code, department in full_topology.departments.items():
        with channel_of(infrastructure.account_url(code)) as channel:
            keys = full_topology.keys_from(department)
            assert {key.split(".")[1] for key in keys} == set(department.events)
            for key in keys:
                publish(department.messages, key)(channel)
            with channel_of(bus) as ours:
                publish("correspondence", f"credential-store.record-refused.v1.{code}", body=code.encode())(ours)
            key, body = take(channel, department.replies)
            assert (key, body.decode()) == (f"credential-store.record-refused.v1.{code}", code)


def test_an_answer_that_is_not_acknowledged_comes_again(url: str, bus: str) -> None:
    with channel_of(bus) as ours:
        publish("correspondence", "matcher.record-refused.v1.health", body=b"again")(ours)
    with channel_of(url) as channel:
        assert channel.basic_get("health.replies")[2] == b"again"
    with channel_of(url) as channel:
        method, _, body = next(channel.consume("health.replies", inactivity_timeout=PATIENCE))
        assert body == b"again"
        assert method is not None
        channel.basic_ack(method.delivery_tag or 0)


def test_no_other_routing_key_can_be_written(url: str, full_topology: Topology) -> None:
    own = full_topology.keys_from(full_topology.departments[US])
    others = every_key(full_topology) - set(own)

    assert len(others) > 50
    codes = refused_each(url, ((key, publish(MESSAGES, key)) for key in others))
    assert set(codes.values()) == {ACCESS_REFUSED}, codes


def test_no_other_exchange_can_be_written(url: str, full_topology: Topology) -> None:
    others = [exchange for exchange in every_exchange(full_topology) if exchange != MESSAGES]

    codes = refused_each(url, ((f"{each} {key}", publish(each, key)) for each in others for key in ("matcher", OWN)))
    assert set(codes.values()) == {ACCESS_REFUSED}, codes


def test_no_other_queue_can_be_read(url: str, full_topology: Topology) -> None:
    others = [queue for queue in every_queue(full_topology) if queue not in (f"{US}.replies", f"{US}.record-heads")]

    tried = ((f"{how.__name__} {queue}", how(queue)) for queue in others for how in (get, consume, purge))
    codes = refused_each(url, tried)
    assert set(codes.values()) == {ACCESS_REFUSED}, codes


ATTEMPTS: dict[str, Attempt] = {
    "declare a queue": lambda channel: channel.queue_declare("mine", durable=True),
    "declare a queue for oneself": lambda channel: channel.queue_declare("", exclusive=True),
    "declare one's own replies otherwise": lambda channel: channel.queue_declare("health.replies", durable=True),
    "declare a queue in our name": lambda channel: channel.queue_declare("matcher", durable=True),
    "delete one's own replies": lambda channel: channel.queue_delete("health.replies"),
    "delete a queue of ours": lambda channel: channel.queue_delete("matcher"),
    "delete what is not there": lambda channel: channel.queue_delete("nothing"),
    "declare an exchange": lambda channel: channel.exchange_declare("mine", "topic"),
    "declare our exchange": lambda channel: channel.exchange_declare("events", "topic", durable=True),
    "delete our exchange": lambda channel: channel.exchange_delete("events"),
    "delete the dead letters' exchange": lambda channel: channel.exchange_delete("dead-letters"),
    "hear all events": lambda channel: channel.queue_bind("health.replies", "events", "#"),
    "hear another's replies": lambda channel: channel.queue_bind("health.replies", "correspondence", "*.*.*.civil"),
    "hear what fails": lambda channel: channel.queue_bind("health.replies", "dead-letters", "matcher"),
    "hear another's messages": lambda channel: channel.queue_bind("health.replies", "civil.messages", "#"),
    "unbind one's own messages": lambda channel: channel.queue_unbind("health.waiting", MESSAGES, OWN),
    "bind our queue": lambda channel: channel.queue_bind("matcher", "events", "health.#"),
    "unbind our queue": lambda channel: channel.queue_unbind("matcher", "events", "identity.id-registered.v1"),
    "unbind one's replies": lambda channel: channel.queue_unbind("health.replies", "correspondence", "*.*.*.health"),
    "bind exchanges": lambda channel: channel.exchange_bind("retry", "events", "#"),
    "unbind exchanges": lambda channel: channel.exchange_unbind("retry", "events", "#"),
}


def test_nothing_can_be_declared_deleted_or_bound(url: str) -> None:
    codes = refused_each(url, ATTEMPTS.items())
    assert set(codes.values()) == {ACCESS_REFUSED}, codes


@pytest.mark.parametrize("name", ["administrator", "civil", "matcher"])
def test_nobody_can_write_under_another_accounts_name(url: str, name: str) -> None:
    assert refused(url, publish(MESSAGES, OWN, user_id=name)) == PRECONDITION_FAILED
    assert refused(url, publish(MESSAGES, OWN, user_id=US)) == 0


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_copy_to_other_keys_reaches_nobody(url: str, infrastructure: StackAddresses, header: str) -> None:
    """RabbitMQ 3 checks no keys of copies, but behind a department's exchange there is nothing but its own queue."""
    copies = ["credential-store.record-refused.v1.civil", "identity.id-registered.v1", "civil.waiting", "matcher"]

    code = refused(url, publish(MESSAGES, OWN, body=b"forged", headers={header: copies}))

    assert code in (0, ACCESS_REFUSED)
    with channel_of(infrastructure.amqp) as ours:
        for queue in ("civil.replies", "civil.waiting", "matcher", "applications"):
            assert ours.queue_declare(queue, passive=True).method.message_count == 0
        assert code or take(ours, "health.waiting") == (OWN, b"forged")


def test_there_is_no_way_into_another_virtual_host(url: str) -> None:
    for vhost in ("other", "%2Fother", "events"):
        with pytest.raises((ProbableAccessDeniedError, ConnectionClosedByBroker)) as failure:
            pika.BlockingConnection(pika.URLParameters(urlsplit(url)._replace(path=f"/{vhost}").geturl()))
        assert str(NOT_ALLOWED) in repr(failure.value)


def test_neither_a_wrong_password_nor_an_unknown_name_lets_anybody_in(infrastructure: StackAddresses) -> None:
    for name, password in (
        (US, "wrong"),
        (US, ""),
        ("mayor", "guest"),
        (US, US),
        ("guest", "guest"),
        ("operations", "operations"),
    ):
        with pytest.raises((ProbableAuthenticationError, ConnectionClosedByBroker)):
            pika.BlockingConnection(pika.URLParameters(address(infrastructure.amqp, name, password)))


def test_a_leaking_client_cannot_take_all_connections(url: str, infrastructure: StackAddresses) -> None:
    with ExitStack() as opened:
        for _ in range(LIMITS["max-connections"]):
            opened.callback(pika.BlockingConnection(pika.URLParameters(url)).close)
        with pytest.raises((ProbableAccessDeniedError, ConnectionClosedByBroker), match="limit"):
            pika.BlockingConnection(pika.URLParameters(url))
        with channel_of(infrastructure.account_url("civil")) as civil:
            assert civil.is_open
