"""The consumer: takes messages off a service's queue, has them handled, and acknowledges after the commit."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import Any, Generic, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from pamqp.common import FieldValue
from pydantic import BaseModel, ValidationError

from messaging import metrics
from messaging.commit import AlreadyHandledError, Committer, Handled
from messaging.documents import Write
from messaging.envelope import BrokenMessageError, Envelope, seal, unseal
from messaging.event import ConflictError, NotYet, Outcome, Received
from messaging.failures import Failure, Failures
from messaging.ordering import Brake, Company, Lanes, is_outage
from messaging.publisher import BrokerUnavailableError, Publisher
from messaging.relay import Relay
from messaging.topology import Topology, declare

DepsT = TypeVar("DepsT")

log = structlog.get_logger()

_SUSPECT_AFTER = 2
"""Deliveries without an end after which a message is handled alone, in case it is the one that kills the process."""
_DEADLIEST = 3
"""Starts of a suspect without an end after which it is given up."""
_CONFLICTS = 10


@dataclass(frozen=True, slots=True)
class Subscription(Generic[DepsT]):
    """Which handler hears which event, and as what. `pattern` may begin with `*.` for any publisher."""

    pattern: str
    view: type[BaseModel]
    handler: Callable[[Received[Any], DepsT], Awaitable[Outcome[None]]]

    def read(self, envelope: Envelope) -> Received[Any]:
        """Look at the data through the narrow view. Raises BrokenMessageError with the path and the rule."""
        try:
            data = self.view.model_validate(envelope.data)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            path = "/".join(("/data", *map(str, fault["loc"])))
            raise BrokenMessageError("wrong-schema", path, f"{fault['type']}: {fault['msg']}") from error
        return Received(
            envelope.id,
            envelope.type,
            envelope.source,
            envelope.case,
            envelope.time,
            data,
            envelope.cause,
            envelope.traceparent,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, how often, how long (seconds)."""

    prefetch: int = 128
    immediate_attempts: int = 3
    handler_timeout: float = 60.0
    drain_timeout: float = 20.0
    watchdog_every: float = 5.0


class Consumer(Generic[DepsT]):
    """Consumes one service's queue until it is stopped; connects again whenever anything about the session ends."""

    def __init__(  # noqa: PLR0913 - the composition root names them all
        self,
        *,
        service: str,
        url: str,
        topology: Topology,
        subscriptions: Sequence[Subscription[DepsT]],
        deps: DepsT,
        committer: Committer,
        relay: Relay,
        publisher: Publisher,
        limits: Limits | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self._service = service
        self._url = url
        self._topology = topology
        self._subscriptions = {s.pattern: s for s in subscriptions}
        self._deps = deps
        self._committer = committer
        self._relay = relay
        self._failures = Failures(service, topology, publisher)
        self._limits = limits or Limits()
        self._lanes = lanes or Lanes()
        self._company = Company()
        self._brake = Brake(metrics.PAUSED.labels(service).set)
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._channel: AbstractChannel | None = None
        self._tag = ""

    async def run(self) -> None:
        """Keep a session open until stopped, waiting a little longer after each that failed."""
        pause = 0.2
        while not self._stopping.is_set():
            try:
                await self._session()
                pause = 0.2
            except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
                log.warning("broker_session_ended", service=self._service, error=repr(error))
                await self._sleep(pause)
                pause = min(pause * 2, 10)

    async def stop(self) -> None:
        """Take no more messages; what is being handled is finished, the rest goes back to the queue."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Ask the broker whether it delivers to this consumer, and tell whether work is going on."""
        channel = self._channel
        if channel is None or channel.is_closed or self._brake.is_on:
            return False
        try:
            await self._check(channel)
        except (AMQPError, OSError, TimeoutError, RuntimeError):
            return False
        return True

    async def _session(self) -> None:
        properties: dict[str, FieldValue] = {"connection_name": f"{self._service} consuming"}
        connection = await aio_pika.connect(self._url, timeout=10, client_properties=properties)
        try:
            channel = await connection.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=self._limits.prefetch)
            await declare(self._topology, channel)
            queue = await channel.get_queue(self._service, ensure=False)
            if self._subscriptions:  # a service that only speaks has no queue
                self._tag = await queue.consume(self._receive)
            self._channel = channel
            log.info("consuming", service=self._service)
            while not self._stopping.is_set():
                await self._sleep(self._limits.watchdog_every)
                if not self._stopping.is_set():
                    async with asyncio.timeout(30):
                        await declare(self._topology, channel)  # heals a queue or binding that somebody deleted
                    await self._check(channel)
            if self._subscriptions:
                await queue.cancel(self._tag)
            await self._drain()
        finally:
            self._channel = None
            await _close(connection)

    async def _check(self, channel: AbstractChannel) -> None:
        """Ask the broker whether this consumer is still there; a session that lost it starts over.

        A service that only speaks has no consumer: the open channel is enough.
        """
        if not self._subscriptions:
            return
        async with asyncio.timeout(10):
            queue = await channel.declare_queue(self._service, passive=True)
            ours = getattr(await channel.get_underlay_channel(), "consumers", {})
        if not queue.declaration_result.consumer_count or self._tag not in ours:
            raise BrokerSessionLostError("the consumer is gone")

    async def _drain(self) -> None:
        """Wait for what is under way, acknowledgements included, before the channel closes."""
        pending = [task for task in self._under_way if not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=self._limits.drain_timeout)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        if self._stopping.is_set():
            return  # not begun: closing the channel gives it back
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a callback runs in a task
        self._under_way.add(task)
        try:
            await self._handle(message)
        except BrokerUnavailableError as error:
            log.warning("message_left_to_the_broker", service=self._service, error=str(error))
        except (AMQPError, OSError, RuntimeError) as error:  # the channel is gone: expect the redelivery
            log.warning("acknowledgement_failed", service=self._service, error=repr(error))
        finally:
            self._under_way.discard(task)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            envelope = unseal(message.body)
            subscription = self._subscription_of(envelope.type)
            event = subscription.read(envelope)
        except BrokenMessageError as error:
            await self._brake.run(partial(self._failures.bury, message, Failure.broken(error)))
            return await message.ack()
        with structlog.contextvars.bound_contextvars(case=event.case, event_id=event.id, event_type=event.type):
            async with self._lanes.of(event.case):
                return await self._work_off(message, event, subscription)

    def _subscription_of(self, event_type: str) -> Subscription[DepsT]:
        found = self._subscriptions.get(event_type) or self._subscriptions.get("*." + event_type.partition(".")[2])
        if found is None:
            raise BrokenMessageError("unknown-type", "/type", f"{self._service} does not act on {event_type!r}")
        return found

    async def _work_off(
        self, message: AbstractIncomingMessage, event: Received[Any], subscription: Subscription[DepsT]
    ) -> None:
        """Have a message handled, and then acknowledge it: committed, put off, or given up."""
        handled = Handled(event.id, sha256(message.body).hexdigest())
        attempt = partial(self._attempt, event, subscription, handled)
        try:
            if int(message.headers.get("x-delivery-count", 0)) >= _SUSPECT_AFTER:  # type: ignore[arg-type] # a number
                await self._attempt_alone(attempt, event)
            else:
                async with self._company.together():
                    await self._brake.run(partial(self._attempts, attempt))
        except AlreadyHandledError as earlier:
            metrics.REPEATED.labels(self._service).inc()
            if earlier.digest != handled.digest:
                failure = Failure("id-reused", event, rule="an event id stands for one body", subscription=subscription)
                await self._brake.run(partial(self._failures.bury, message, failure))
        except NotYet as reason:
            await self._brake.run(partial(self._failures.wait, message, event, str(reason)))
        except BrokenMessageError as error:  # right by its schema, and yet the handler knows that it never can be
            failure = Failure.broken(error, event, subscription)
            await self._brake.run(partial(self._failures.bury, message, failure))
        except Exception as error:  # noqa: BLE001 - every failure is sorted here
            failure = Failure.of(error, event, subscription, traceback.format_exc())
            await self._brake.run(partial(self._failures.retry, message, failure))
        await message.ack()

    async def _attempt_alone(self, attempt: Callable[[], Awaitable[None]], event: Received[Any]) -> None:
        async with self._company.alone():
            starts = await self._brake.run(partial(self._committer.starts_of, event.id))
            if starts > _DEADLIEST:
                raise PoisonError(starts)
            await self._brake.run(partial(self._attempts, attempt))

    async def _attempts(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try a few times at once; somebody else's change in between does not count."""
        failures = conflicts = 0
        while True:
            try:
                return await attempt()
            except (AlreadyHandledError, NotYet, BrokenMessageError):
                raise
            except ConflictError:
                conflicts += 1
                if conflicts >= _CONFLICTS:
                    raise
            except Exception as error:
                failures += 1
                if is_outage(error) or failures >= self._limits.immediate_attempts:
                    raise

    async def _attempt(self, event: Received[Any], subscription: Subscription[DepsT], handled: Handled) -> None:
        begun = perf_counter()
        try:
            async with asyncio.timeout(self._limits.handler_timeout):
                outcome = await subscription.handler(event, self._deps)
        except Exception:
            digest = await self._committer.digest_of(event.id)  # a repetition may fail where the first one did not
            if digest is not None:
                raise AlreadyHandledError(digest) from None
            raise
        case = outcome.case or event.case
        events = [
            seal(e, source=self._service, case=case, cause=event.id, traceparent=event.traceparent)
            for e in outcome.events
        ]
        writes = [change for change in outcome.changes if isinstance(change, Write)]
        entry = await self._committer.commit(writes, events, handled)
        metrics.HANDLED.labels(self._service, event.type).inc()
        metrics.HANDLING.labels(self._service, event.type).observe(perf_counter() - begun)
        await self._relay.dispatch(events, entry)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass


class BrokerSessionLostError(AMQPError):
    """The broker no longer delivers to this consumer."""


class PoisonError(Exception):
    """A message whose handling was begun several times and never ended: it seems to kill the process."""

    def __init__(self, starts: int) -> None:
        super().__init__(f"its handling was begun {starts} times and never ended")


async def _close(connection: aio_pika.abc.AbstractConnection) -> None:
    try:
        async with asyncio.timeout(5):
            await connection.close()
    except (AMQPError, OSError, TimeoutError, RuntimeError):
        pass  # it is gone already
