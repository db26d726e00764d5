"""Trying on a real broker what an account may not do, as a stranger's client would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, UnroutableError
from pika.spec import BasicProperties

from bus.topology import Topology

ACCESS_REFUSED, PRECONDITION_FAILED, NOT_ALLOWED = 403, 406, 530
PERSISTENT = 2

Attempt = Callable[[BlockingChannel], object]


@contextmanager
def channel_of(url: str) -> Iterator[BlockingChannel]:
    """Connect as a department would, with confirms."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        with suppress(AMQPConnectionError):
            connection.close()


def publish(exchange: str, key: str, *, body: bytes = b"{}", **properties: object) -> Attempt:
    """Publish as one ought to; it raises when it is returned or refused."""
    said = BasicProperties(delivery_mode=PERSISTENT, **properties)
    return lambda channel: channel.basic_publish(exchange, key, body, said, mandatory=True)


def take(channel: BlockingChannel, queue: str) -> tuple[str, bytes]:
    """Take one message off a queue; which key it came under, and its body. Raises LookupError."""
    method, _, body = channel.basic_get(queue, auto_ack=True)
    if method is None or method.routing_key is None or body is None:
        raise LookupError(f"{queue} is empty")
    return method.routing_key, body


def refused(url: str, attempt: Attempt) -> int:
    """Try something; return the code with which the broker refused it, 0 when it did not."""
    with channel_of(url) as channel:
        try:
            attempt(channel)
            channel.connection.process_data_events()
        except ChannelClosedByBroker as error:
            return int(error.reply_code)
        return 0


def refused_each(url: str, attempts: Iterable[tuple[str, Attempt]]) -> dict[str, int]:
    """Try one thing after the other on one connection; return the code of each, 0 when nothing refused it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        return {name: _refused_on(connection, attempt) for name, attempt in attempts}
    finally:
        with suppress(AMQPConnectionError):
            connection.close()


def _refused_on(connection: pika.BlockingConnection, attempt: Attempt) -> int:
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        attempt(channel)
        connection.process_data_events()
    except ChannelClosedByBroker as error:
        return int(error.reply_code)
    except UnroutableError:
        return 0
    channel.close()
    return 0


def every_queue(declared: Topology) -> list[str]:
    return [queue.name for queue in declared.queues]


def every_exchange(declared: Topology) -> list[str]:
    """Return the names of all exchanges, the broker's own among them."""
    own = ("", "amq.topic", "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.rabbitmq.trace")
    return [*own, *declared.exchanges, declared.declared]


def get(queue: str) -> Attempt:
    """Take a message off a queue and give it back."""
    return lambda channel: channel.basic_get(queue)


def consume(queue: str) -> Attempt:
    """Have a queue, or a stream from its start, delivered."""

    def attempt(channel: BlockingChannel) -> None:
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue, lambda *_: None, arguments={"x-stream-offset": "first"})

    return attempt


def purge(queue: str) -> Attempt:
    return lambda channel: channel.queue_purge(queue)
