"""The life of one message: read, put in its case's lane, tried, committed or sorted as a failure, acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import Any, Generic, TypeVar

import structlog
from aio_pika.abc import AbstractIncomingMessage
from pydantic import BaseModel, ValidationError

from messaging import metrics
from messaging.commit import AlreadyHandledError, Committer, Handled
from messaging.documents import Write
from messaging.envelope import BrokenMessageError, Envelope, seal, unseal
from messaging.event import ConflictError, NotYet, Outcome, Received
from messaging.failures import Failure, Failures, PoisonError, count_in
from messaging.ordering import Brake, Company, Lanes, is_outage
from messaging.relay import Relay

DepsT = TypeVar("DepsT")

_SUSPECT_AFTER = 2
"""Deliveries without an end after which a message is handled alone, in case it is the one that kills the process."""
_DEADLIEST = 3
"""Starts of a suspect without an end after which it is given up."""
_CONFLICTS = 50
"""Times in a row that somebody else may be faster."""


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
        except Exception as error:  # the view's own code broke: there is no better answer than what it broke with
            raise BrokenMessageError("wrong-schema", "/data", type(error).__name__) from error
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


@dataclass(slots=True)
class Delivery(Generic[DepsT]):
    """A message that could be read, who handles it, and how often that has failed."""

    message: AbstractIncomingMessage
    event: Received[Any]
    subscription: Subscription[DepsT]
    handled: Handled
    failures: int = 0

    @property
    def is_suspect(self) -> bool:
        """Tell whether it was delivered before, several times, and neither handled nor given up.

        From RabbitMQ 4.3 on `x-delivery-count` no longer counts what a process did not live to finish;
        `x-acquired-count` does.
        """
        counts = [count_in(self.message, f"x-{kind}-count") for kind in ("delivery", "acquired")]
        return bool(self.message.redelivered) and max(counts) >= _SUSPECT_AFTER


class Handling(Generic[DepsT]):
    """Has a service's messages handled, many at a time; returns when a message may be acknowledged."""

    def __init__(  # noqa: PLR0913 - everything that a message meets in its life
        self,
        *,
        service: str,
        subscriptions: Sequence[Subscription[DepsT]],
        deps: DepsT,
        committer: Committer,
        relay: Relay,
        failures: Failures,
        lanes: Lanes,
        immediate_attempts: int,
        handler_timeout: float,
    ) -> None:
        self._service = service
        self._subscriptions = {subscription.pattern: subscription for subscription in subscriptions}
        self._deps = deps
        self._committer = committer
        self._relay = relay
        self._failures = failures
        self._immediate_attempts = immediate_attempts
        self._handler_timeout = handler_timeout
        self._lanes = lanes
        self._company = Company()
        self._contended = asyncio.Lock()
        self._brake = Brake(metrics.PAUSED.labels(service).set)

    @property
    def is_paused(self) -> bool:
        """Tell whether a dependency is down."""
        return self._brake.is_on

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Handle a message, or send it to wait, or to the dead letters. Then it may be acknowledged."""
        try:
            delivery = self._read(message)
        except BrokenMessageError as error:
            return await self._brake.run(partial(self._failures.bury, message, Failure.broken(error)))
        event = delivery.event
        with structlog.contextvars.bound_contextvars(case=event.case, event_id=event.id, event_type=event.type):
            async with self._lanes.of(event.case):
                return await self._work_off(delivery)

    def _read(self, message: AbstractIncomingMessage) -> Delivery[DepsT]:
        envelope = unseal(message.body)
        any_publisher = "*." + envelope.type.partition(".")[2]
        subscription = self._subscriptions.get(envelope.type) or self._subscriptions.get(any_publisher)
        if subscription is None:
            raise BrokenMessageError("unknown-type", "/type", f"{self._service} does not act on {envelope.type!r}")
        handled = Handled(envelope.id, sha256(message.body).hexdigest())
        return Delivery(message, subscription.read(envelope), subscription, handled)

    async def _work_off(self, delivery: Delivery[DepsT]) -> None:
        """Have it handled, and sort the failure if that fails."""
        try:
            if delivery.is_suspect:
                await self._try_alone(delivery)
            else:
                async with self._company.together():
                    await self._brake.run(partial(self._try, delivery))
        except AlreadyHandledError as earlier:
            metrics.REPEATED.labels(self._service).inc()
            if earlier.digest != delivery.handled.digest:
                error = BrokenMessageError("id-reused", "/id", "an event's id stands for one body")
                await self._sort(self._failures.bury, delivery, error)
        except NotYet as reason:
            await self._sort(self._failures.wait, delivery, reason)
        except (BrokenMessageError, PoisonError) as error:
            await self._sort(self._failures.bury, delivery, error)
        except Exception as error:  # noqa: BLE001 - every other failure of a handler is tried again
            await self._sort(self._failures.retry, delivery, error)

    async def _sort(
        self,
        fate: Callable[[AbstractIncomingMessage, Failure], Awaitable[None]],
        delivery: Delivery[DepsT],
        error: Exception,
    ) -> None:
        failure = Failure.of(error, delivery.event, delivery.subscription.handler, delivery.failures)
        await self._brake.run(partial(fate, delivery.message, failure))

    async def _try_alone(self, delivery: Delivery[DepsT]) -> None:
        """Handle a suspect with nothing beside it, after noting that it was begun: it may not live to tell."""
        message_id = delivery.event.id
        async with self._company.alone():
            starts = await self._brake.run(partial(self._committer.begin_suspect, message_id))
            if starts > _DEADLIEST:
                raise PoisonError(starts - 1)
            try:
                await self._brake.run(partial(self._try, delivery))
            finally:
                await self._committer.end_suspect(message_id)

    async def _try(self, delivery: Delivery[DepsT]) -> None:
        """Try once beside all others; whoever was overtaken queues up, so that many who want the same get it."""
        try:
            await self._try_repeatedly(delivery)
        except ConflictError:
            async with self._contended:
                await self._try_repeatedly(delivery, conflicts=_CONFLICTS)

    async def _try_repeatedly(self, delivery: Delivery[DepsT], conflicts: int = 0) -> None:
        """Try a few times at once; somebody else's change in between does not count as a failure."""
        while True:
            try:
                return await self._attempt(delivery)
            except (AlreadyHandledError, NotYet, BrokenMessageError):
                raise
            except ConflictError:
                conflicts -= 1
                if conflicts < 0:
                    raise
            except Exception as error:
                if is_outage(error):
                    raise
                delivery.failures += 1
                if delivery.failures >= self._immediate_attempts:
                    raise

    async def _attempt(self, delivery: Delivery[DepsT]) -> None:
        begun, event = perf_counter(), delivery.event
        try:
            async with asyncio.timeout(self._handler_timeout):
                outcome = await delivery.subscription.handler(event, self._deps)
        except Exception as error:
            if not is_outage(error):  # a repetition may fail where the first one did not
                await self._committer.require_new(event.id)
            raise
        case = outcome.case or event.case
        events = [
            seal(e, source=self._service, case=case, cause=event.id, traceparent=event.traceparent)
            for e in outcome.events
        ]
        writes = [change for change in outcome.changes if isinstance(change, Write)]
        entry = await self._committer.commit(writes, events, delivery.handled)
        metrics.HANDLED.labels(self._service, event.type).inc()
        metrics.HANDLING.labels(self._service, event.type).observe(perf_counter() - begun)
        await self._relay.dispatch(events, entry)
