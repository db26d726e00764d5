"""Which handler takes in what: the events that are acted on, dead letters, receipts, the trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from messaging.consumer import Subscription
from messaging.event import ConflictError, Outcome
from messaging.intake import Intake, Raw
from messaging.replaying import send_back
from messaging.stream import body_at
from messaging.topology import RECEIPTS, dead_letters_of
from operations.consumed import CasesErased
from operations.handlers import erasing, exporting, letters, receipts
from operations.handlers.driving import Driver
from operations.handlers.needs import Deps
from operations.handlers.recording import Places, Recorder
from runtime.erasing import CasesPreviewed
from runtime.exports import ExportRequested
from runtime.kernel import Kernel
from runtime.service import Background

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("applications.erasure-previewed.v1", CasesPreviewed, erasing.preview, once=True),
    Subscription("applications.data-erased.v1", CasesErased, erasing.erase),
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
)


def background(kernel: Kernel, deps: Deps) -> Sequence[Background]:
    """Return everything that runs beside the requests."""
    return (
        Intake(
            name="operations dead letters",
            url=deps.settings.amqp_url,
            topology=kernel.topology,
            queues=tuple(map(dead_letters_of, kernel.topology.services)),
            take=_committing(letters.take, kernel, deps),
            together=2,
        ),
        Intake(
            name="operations receipts",
            url=deps.settings.amqp_url,
            topology=kernel.topology,
            queues=(RECEIPTS,),
            take=_committing(receipts.take, kernel, deps),
            breath=_BREATH,
        ),
        *_trails(kernel, deps),
        Driver(
            deps,
            commit=kernel.commit,
            send=partial(send_back, kernel.publisher),
            is_at_rest=lambda: kernel.committer.heartbeat.is_at_rest,
        ),
    )


def _trails(kernel: Kernel, deps: Deps) -> Iterator[Intake]:
    """Our own events, and the correspondence with systems outside, into one trail."""
    kept, places = (kernel.topology.trail, kernel.topology.correspondence), Places()
    for each in kept:
        if each is not None:
            yield _trail(each.queue, places, kernel, deps)


def _trail(stream: str, places: Places, kernel: Kernel, deps: Deps) -> Intake:
    url = deps.settings.amqp_url
    recorder = Recorder(
        deps.trail, deps.clock, keys=deps.keys, stream=stream, body_at=partial(body_at, url, stream), places=places
    )
    return Intake(
        name=f"operations {stream}",
        url=url,
        topology=kernel.topology,
        queues=(stream,),
        take=recorder.take,
        start=recorder.start,
        breath=_BREATH,
        is_ours=lambda: kernel.committer.heartbeat.is_first,
    )


def _committing(
    take: Callable[[Sequence[Raw], Deps], Awaitable[Outcome[Any]]], kernel: Kernel, deps: Deps
) -> Callable[[Sequence[Raw]], Awaitable[None]]:
    """Commit what a handler decides of a batch, again when an operator or another process was faster."""

    async def take_in(batch: Sequence[Raw]) -> None:
        for _ in range(_CONFLICTS):
            try:
                return await kernel.commit(await take(batch, deps))
            except ConflictError:
                continue
        return await kernel.commit(await take(batch, deps))

    return take_in


_BREATH = 0.25
"""Seconds in which a few events, or receipts, become a few more, so that there is less to write for each."""

_CONFLICTS = 9
"""Times in a row that somebody else may be faster before the intake pauses."""
