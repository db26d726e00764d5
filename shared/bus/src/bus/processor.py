"""The life of one message: read, put in its case's lane, tried, committed or sorted as a failure, acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Generic

import structlog
from aio_pika.abc import AbstractIncomingMessage

from bus import metrics, traces
from bus.concurrency import CircuitBreaker, KeyedLocks, SuspectIsolation, is_outage
from bus.envelope import BrokenMessageError, EncodedEvent
from bus.event import NOTHING, ConflictError, NotYet, Outcome, Received, expect_all
from bus.event_encryption import KEY_UNKNOWN
from bus.failures import STALLS, FailureRouter, MessageFailure, PoisonError, count_in
from bus.fair_share import FairShare
from bus.quotas import Quotas
from bus.reader import WRONG_SENDER, Delivery, DepsT, MessageReader, Subscription
from bus.relay import Relay
from bus.replay import DeliveryResult, item_of, redelivery_of
from bus.signatures import NOT_SIGNED, EventKeys, EventSigner
from bus.stalls import HandlerStalledError, stoppable
from bus.topology import RETRY_EXCHANGE, Topology
from store.commit import AlreadyHandledError, Committer
from store.repository import Write

log = structlog.get_logger()

_SUSPECT_AFTER = 2
"""Deliveries without an end after which a message is handled alone, in case it is the one that kills the process."""
_DEADLIEST = 3
"""Starts of a suspect without an end after which it is given up."""
_FORGED = {NOT_SIGNED, WRONG_SENDER}
_CONFLICTS = 50
"""Times in a row that somebody else may be faster."""


class MessageProcessor(Generic[DepsT]):
    """Has a service's messages handled, many at a time; returns when a message may be acknowledged."""

    def __init__(  # noqa: PLR0913 - everything that a message meets in its life
        self,
        *,
        service: str,
        topology: Topology,
        subscriptions: Sequence[Subscription[DepsT]],
        deps: DepsT,
        committer: Committer,
        relay: Relay,
        failures: FailureRouter,
        signer: EventSigner,
        keys: EventKeys,
        account: str,
        lanes: KeyedLocks,
        quotas: Quotas,
        immediate_attempts: int,
        handler_timeout: float,
    ) -> None:
        self._service = service
        self._topology = topology
        self._reader = MessageReader(service, topology, subscriptions, committer.digest_of, keys, account)
        self._deps = deps
        self._committer = committer
        self._relay = relay
        self._failures = failures
        self._signer = signer
        self._immediate_attempts = immediate_attempts
        self._handler_timeout = handler_timeout
        self._locks = lanes
        self._senders = topology.senders
        self._share = FairShare(quotas)
        self._isolation = SuspectIsolation()
        self._contended = asyncio.Lock()
        self._breaker = CircuitBreaker(metrics.PAUSED.labels(service).set)

    @property
    def is_paused(self) -> bool:
        """Tell whether a dependency is down."""
        return self._breaker.is_on

    def close(self) -> None:
        """Begin no more messages of systems outside."""
        self._share.close()

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Handle a message, or send it to wait, or to the dead letters. Then it may be acknowledged.

        Raises NotBegunError when its turn did not come.
        """
        try:
            delivery = self._opened(self._reader.read(message))
        except BrokenMessageError as error:
            sort = self._failures.wait if error.reason == KEY_UNKNOWN else self._refuse
            async with self._turn(message):
                await self._breaker.run(partial(sort, message, MessageFailure.broken(error)))
            return
        event = delivery.event
        with structlog.contextvars.bound_contextvars(case=event.case, event_id=event.id, event_type=event.type):
            async with self._locks.of(self._lane_of(event)), self._turn(message):
                with traces.working(traces.handling(message, event, queue=self._service)):
                    fate = await self._work_off(delivery)
            item = item_of(message)
            if fate is not None and item is not None:  # what waits for this case need not wait for the receipt
                await self._breaker.run(partial(self._failures.confirm, item, event.id, fate))

    def _opened(self, delivery: Delivery[DepsT]) -> Delivery[DepsT]:
        if delivery.subscription.opened is None:
            return delivery
        try:
            return replace(delivery, event=delivery.subscription.opened(delivery.event, self._deps))
        except BrokenMessageError:
            raise
        except Exception as error:  # what a stranger has written broke it: a message must not stop the consumer
            raise BrokenMessageError("wrong-schema", "/data", type(error).__name__) from error

    def _turn(self, message: AbstractIncomingMessage) -> AbstractAsyncContextManager[None]:
        """Wait until it is its sender's turn; an event of our own begins at once."""
        sender = self._senders.get(message.exchange or "")
        return self._share.turn(sender.code, len(message.body)) if sender else self._share.ours()

    def _lane_of(self, event: Received[Any]) -> str:
        """A system outside names its case as it likes: it holds up nothing but its own messages with it."""
        sender = self._topology.sender_of(event.type)
        lane = event.lane or event.case
        return f"{sender.code}/{lane}" if sender else lane

    async def _work_off(self, delivery: Delivery[DepsT]) -> DeliveryResult | None:
        """Have it handled, and sort the failure if that fails; tell which of both."""
        try:
            if _is_suspect(delivery.message):
                await self._try_alone(delivery)
            else:
                async with self._isolation.shared():
                    await self._breaker.run(partial(self._try, delivery))
        except AlreadyHandledError as earlier:
            metrics.REPEATED.labels(self._service).inc()
            if earlier.digest == delivery.handled.digest:
                traces.note("ignored")  # or handled as this very item, and killed before its receipt
                return "handled" if earlier.item and earlier.item == delivery.handled.item else "ignored"
            error = BrokenMessageError("id-reused", "/id", "an event's id stands for one body")
            await self._route_failure(self._refuse, delivery, error)
        except NotYet as reason:
            await self._route_failure(self._failures.wait, delivery, reason)
        except BrokenMessageError as error:
            await self._route_failure(self._refuse, delivery, error)
        except HandlerStalledError as error:
            await self._route_failure(self._failures.stalled, delivery, error)
        except PoisonError as error:
            await self._route_failure(self._failures.dead_letter, delivery, error)
        except Exception as error:  # noqa: BLE001 - every other failure of a handler is tried again
            await self._route_failure(self._failures.retry, delivery, error)
        else:
            return "handled"
        return None

    async def _route_failure(
        self,
        fate: Callable[[AbstractIncomingMessage, MessageFailure], Awaitable[None]],
        delivery: Delivery[DepsT],
        error: Exception,
    ) -> None:
        failure = MessageFailure.of(error, delivery.event, delivery.subscription.handler, delivery.failures)
        traces.note(failure.reason, failure.frame, "" if isinstance(error, NotYet) else failure.exception)
        await self._breaker.run(partial(fate, delivery.message, failure))

    async def _refuse(self, message: AbstractIncomingMessage, failure: MessageFailure) -> None:
        """Tell a department system what is wrong with its message; anybody else's broken message is a dead letter.

        An operator who sent it back wants to see it again in either case. Of what is delivered once more from the trail
        its sender was told when it came: nothing is said again, and it is no dead letter. What is not from whom it says
        is always a dead letter; the department of that account, whether it sent it or somebody with its password, is
        told, too.
        """
        answer, refused = self._reader.answer_to(message, failure)
        is_forged = failure.reason in _FORGED
        if is_forged:
            metrics.FORGED.labels(self._service, failure.reason).inc()
            await self._failures.dead_letter(message, failure)
            if message.exchange not in self._senders or answer is None:
                return
        item = item_of(message)
        if item and redelivery_of(message) and refused is not None:
            await self._failures.confirm(item, refused.event_id or "", "ignored")
            return
        if item or answer is None or refused is None:
            await self._failures.dead_letter(message, failure)
            return
        try:
            outcome = await answer(refused, self._deps)
        except BrokenMessageError as error:  # there is nobody whom the answer would reach: an operator must see it
            if not is_forged:
                await self._failures.dead_letter(message, MessageFailure.broken(error))
            return
        metrics.REFUSED.labels(self._service, refused.publisher, refused.reason).inc()
        log.info("message_refused", publisher=refused.publisher, reason=refused.reason, path=refused.path)
        events = self._encode(outcome, case=refused.case or refused.publisher, cause=refused.event_id)
        await self._relay.dispatch(events, await self._committer.commit(expect_all(Write, outcome.changes), events))

    async def _try_alone(self, delivery: Delivery[DepsT]) -> None:
        """Handle a suspect with nothing beside it, after noting that it was begun: it may not live to tell."""
        message_id = delivery.event.id
        async with self._isolation.exclusive():
            starts = await self._breaker.run(partial(self._committer.begin_suspect, message_id))
            if starts > _DEADLIEST:
                raise PoisonError(starts - 1)
            try:
                await self._breaker.run(partial(self._try, delivery))
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
            except HandlerStalledError:
                delivery.failures += 1
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
        begun, event = perf_counter(), await self._with_its_past(delivery.event)
        try:
            async with asyncio.timeout(self._handler_timeout):
                outcome = await self._decide(event, delivery.subscription)
        except Exception as error:
            if not is_outage(error):  # a repetition may fail where the first one did not
                await self._committer.require_new(delivery.handled.id)
            raise
        is_said = event.was_handled and not outcome.changes and not outcome.corrects
        events = [] if is_said else self._encode(outcome, case=event.case, cause=event.id)
        if self._topology.sender_of(event.type) and not event.is_redelivered:
            events.insert(0, EncodedEvent(event.id, event.type, delivery.message.body))  # what was accepted is kept
        with traces.committing(len(outcome.changes), len(events)):
            entry = await self._committer.commit(expect_all(Write, outcome.changes), events, delivery.handled)
        key = self._topology.key_of(event.type)
        metrics.HANDLED.labels(self._service, key).inc()
        metrics.HANDLING.labels(self._service, key).observe(perf_counter() - begun)
        await self._relay.dispatch(events, entry)

    async def _with_its_past(self, event: Received[Any]) -> Received[Any]:
        """Say of what is re-delivered whether it was handled before; if so, what follows from it was said then."""
        if not event.is_redelivered:
            return event
        return replace(event, was_handled=await self._committer.was_handled(event.id, event.time))

    async def _decide(self, event: Received[Any], subscription: Subscription[DepsT]) -> Outcome[None]:
        """Have the handler decide. What would wait for a case that is gone is old news."""
        if event.was_handled and subscription.once:
            return NOTHING
        try:
            with stoppable(f"{event.type} {event.id}"):
                return await subscription.handler(event, self._deps)
        except NotYet:
            if not await self._committer.is_gone(event.case):
                raise
            return NOTHING

    def _encode(self, outcome: Outcome[None], *, case: str, cause: str | None) -> list[EncodedEvent]:
        case = outcome.case or case
        return [self._signer.encode(event, case=case, cause=cause) for event in outcome.published]


def _is_suspect(message: AbstractIncomingMessage) -> bool:
    """Tell whether a message was delivered before, several times, and neither handled nor given up, or held us up.

    From RabbitMQ 4.3 on `x-delivery-count` no longer counts what a process did not live to finish;
    `x-acquired-count` does.
    """
    if message.exchange == RETRY_EXCHANGE and count_in(message, STALLS):  # a sender's own header says nothing
        return True
    counts = [count_in(message, f"x-{kind}-count") for kind in ("delivery", "acquired")]
    return bool(message.redelivered) and max(counts) >= _SUSPECT_AFTER
