"""Which handler takes in what: the events that are acted on, dead letters, receipts, the trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from bus.batch_consumer import BatchConsumer, RawMessage
from bus.consumer import Subscription
from bus.event import Outcome, retry_overtaken
from bus.replay import send_back
from bus.stream import body_at
from bus.topology import RECEIPTS, dead_letters_of
from operations.events import DataExported
from operations.handlers import data_erasure, data_export, dead_letters, receipts
from operations.handlers.dependencies import Deps
from operations.handlers.replay_scheduler import ReplayScheduler
from operations.handlers.trail_recorder import TrailPlaces, TrailRecorder
from operations.views import CasesErased
from privacy import exports
from privacy.erasure import CasesPreviewed
from web.service import Background
from web.service_runtime import ServiceRuntime

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("applications.erasure-previewed.v1", CasesPreviewed, data_erasure.preview, once=True),
    Subscription("applications.data-erased.v1", CasesErased, data_erasure.erase),
    exports.subscription(DataExported, data_export.gather),
)


def background(runtime: ServiceRuntime, deps: Deps) -> Sequence[Background]:
    """Return everything that runs beside the requests."""
    return (
        BatchConsumer(
            name="operations dead letters",
            url=deps.settings.amqp_url,
            topology=runtime.topology,
            queues=tuple(map(dead_letters_of, runtime.topology.services)),
            take=_committing(dead_letters.take, runtime, deps),
            together=2,
        ),
        BatchConsumer(
            name="operations receipts",
            url=deps.settings.amqp_url,
            topology=runtime.topology,
            queues=(RECEIPTS,),
            take=_committing(receipts.take, runtime, deps),
            largest=100,  # each has up to a hundred receipts
            linger=_BREATH,
        ),
        *_trails(runtime, deps),
        ReplayScheduler(
            deps,
            commit=runtime.commit,
            send=partial(send_back, runtime.publisher),
            is_at_rest=lambda: runtime.committer.heartbeat.is_at_rest,
        ),
    )


def _trails(runtime: ServiceRuntime, deps: Deps) -> Iterator[BatchConsumer]:
    """Our own events, and the correspondence with systems outside, into one trail."""
    kept, places = (runtime.topology.trail, runtime.topology.correspondence), TrailPlaces()
    for each in kept:
        if each is not None:
            yield _trail(each.queue, places, runtime, deps)


def _trail(stream: str, places: TrailPlaces, runtime: ServiceRuntime, deps: Deps) -> BatchConsumer:
    url = deps.settings.amqp_url
    recorder = TrailRecorder(
        deps.trail, deps.clock, keys=deps.keys, stream=stream, body_at=partial(body_at, url, stream), places=places
    )
    return BatchConsumer(
        name=f"operations {stream}",
        url=url,
        topology=runtime.topology,
        queues=(stream,),
        take=recorder.take,
        start=recorder.start,
        linger=_BREATH,
        is_ours=lambda: runtime.committer.heartbeat.is_first,
    )


def _committing(
    take: Callable[[Sequence[RawMessage], Deps], Awaitable[Outcome[Any]]], runtime: ServiceRuntime, deps: Deps
) -> Callable[[Sequence[RawMessage]], Awaitable[None]]:
    """Commit what a handler decides of a batch, again when an operator or another process was faster."""

    async def take_in(batch: Sequence[RawMessage]) -> None:
        async def attempt() -> None:
            await runtime.commit(await take(batch, deps))

        await retry_overtaken(attempt)

    return take_in


_BREATH = 0.25
"""Seconds in which a few events, or receipts, become a few more, so that there is less to write for each."""
