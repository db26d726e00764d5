"""Operations as a process of its own, which dies where it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from operations.config import Settings
from operations.handlers import parcels, receipts, replay_run
from operations.handlers.parcels import Parcel, PublishedParcels, Send
from operations.main import create_app
from testkit.service_process import until_terminated

Params = ParamSpec("Params")
ResultT = TypeVar("ResultT")


def die() -> None:
    """Die by SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)


class _Countdown:
    """Dies the n-th time that it is asked."""

    def __init__(self, turns: int) -> None:
        self._left = turns

    def tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            die()


def arrange(fault: str, turn: int) -> None:
    """Put the fault where it belongs, for the n-th chunk, or the n-th batch of receipts."""
    countdown = _Countdown(turn)
    match fault:
        case "before the publish":
            parcels.publish = _dying(parcels.publish, countdown, before=True)
        case "within the publishes":
            parcels.publish = _dying_half_way(parcels.publish, countdown)
        case "between confirm and mark":
            parcels.confirmed = _dying(parcels.confirmed, countdown, before=True)
        case "after the mark":
            some = replay_run.ReplayRun._send_some  # noqa: SLF001 - the fault
            patch.object(replay_run.ReplayRun, "_send_some", _dying(some, countdown, before=False)).start()
        case "between a receipt and its commit":
            receipts.take = _dying(receipts.take, countdown, before=False)


def _dying(
    work: Callable[Params, Awaitable[ResultT]], countdown: _Countdown, *, before: bool
) -> Callable[Params, Coroutine[Any, Any, ResultT]]:
    """Die in some turn, before the work or right after it."""

    async def work_and_die(*rest: Params.args, **named: Params.kwargs) -> ResultT:
        if before:
            countdown.tick()
        result = await work(*rest, **named)
        if not before:
            countdown.tick()
        return result

    return work_and_die


def _dying_half_way(
    publish: Callable[[Sequence[Parcel], Send], Awaitable[PublishedParcels]], countdown: _Countdown
) -> Any:  # noqa: ANN401 - the names of the parameters matter to the type checker, and not here
    """Die in some turn when the first half is confirmed."""

    async def publish_and_die(parcels: Sequence[Parcel], send: Send) -> PublishedParcels:
        await publish(parcels[: (len(parcels) + 1) // 2], send)
        countdown.tick()
        return await publish(parcels, send)

    return publish_and_die


def live(fault: str, turn: int) -> None:
    """Be operations until terminated, or until the fault."""
    arrange(fault, turn)
    app = create_app(Settings())
    asyncio.run(until_terminated(app.router.lifespan_context(app)))
