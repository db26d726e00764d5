"""Sending some items of a replay: taken up and noted first, then published, then noted as confirmed.

Taking up a failure and noting that its item is about to be sent are one commit, so whoever drives on after a kill
knows what may have been sent, and sends that again under the same event id: a consumer handles it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from bus.event import Change, Outcome
from bus.publisher import BrokerUnavailableError, UnroutableError
from bus.replay import REDELIVERY
from operations.domain import failure as states
from operations.domain.erased import ERASED
from operations.domain.failure import Failure, Summary
from operations.domain.items import ItemStatus, ReplayItem
from operations.domain.replay import Replay
from operations.handlers import group_edits
from operations.handlers.dependencies import Deps
from operations.handlers.edited_events import signed
from operations.handlers.selections import is_same


class Send(Protocol):
    """Sends one message back to one service; returns when the broker has confirmed."""

    async def __call__(self, body: bytes, *, service: str, item: str, redelivery: str | None, patience: bool) -> None:
        """Raise UnroutableError when the queue is gone, BrokerUnavailableError when the broker is."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: to which service, and for which run, when it is to be handled a second time."""

    n: int
    item: str
    service: str
    body: bytes
    redelivery: str | None = None
    patience: bool = False


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What can be sent, what is left out, and what is to be committed before."""

    parcels: Sequence[Parcel]
    skipped: Sequence[int]
    outcome: Outcome[None]


@dataclass(slots=True)
class PublishedParcels:
    """Which were confirmed, which were not, and why."""

    confirmed: list[int] = field(default_factory=list)
    unconfirmed: list[int] = field(default_factory=list)
    queue_gone: bool = False
    broker_away: bool = False


async def take_up(replay: Replay, numbers: Sequence[int], deps: Deps) -> TakenUp:
    """Prepare to send these items; what is not any more what was selected is skipped."""
    wanted = set(numbers)
    items = [item for block in await deps.replays.blocks(replay.id, numbers) for item in block.items]
    parcels, held = await _parcels(replay, [item for item in items if item.n in wanted], deps)
    sendable = {parcel.n for parcel in parcels}
    ranks = {n: ItemStatus.SENDING if n in sendable else ItemStatus.SKIPPED for n in numbers}
    noted = deps.replays.learn(replay.id, ranks, deps.clock())
    return TakenUp(parcels, [n for n in numbers if n not in sendable], Outcome(changes=[*held, *noted]))


async def publish(parcels: Sequence[Parcel], send: Send) -> PublishedParcels:
    """Publish all at once and wait for every confirm."""
    published = PublishedParcels()
    results = await asyncio.gather(*(_publish(parcel, send) for parcel in parcels), return_exceptions=True)
    for parcel, result in zip(parcels, results, strict=True):
        if result is None:
            published.confirmed.append(parcel.n)
            continue
        if not isinstance(result, BrokerUnavailableError):
            raise result
        published.unconfirmed.append(parcel.n)
        published.queue_gone |= isinstance(result, UnroutableError)
        published.broker_away |= not isinstance(result, UnroutableError)
    return published


async def confirmed(replay: Replay, numbers: Sequence[int], deps: Deps) -> Outcome[None]:
    """Note that the broker has these; only now is the original of an edit closed."""
    now = deps.clock()
    changes: list[Change] = [*deps.replays.learn(replay.id, dict.fromkeys(numbers, ItemStatus.SENT), now)]
    edit = await deps.edits.get(replay.edit) if replay.edit is not None else None
    if edit is not None:
        originals = await _held(replay, numbers, deps)
        changes += deps.failures.moved([(each, states.resolve(each, "edited", now)) for each in originals])
        if (sent := edit.send(now)) != edit:
            changes.append(deps.edits.save(sent))
    return Outcome(changes=changes)


async def give_up(replay: Replay, unsent: Sequence[int], sent: Sequence[int], deps: Deps) -> Outcome[None]:
    """Note that some will not be sent, and let go of all failures, also of what was sent and never heard of.

    Should the service handle one of these after all, its receipt closes the failure.
    """
    ours = await _held(replay, (*unsent, *sent), deps)
    moved = deps.failures.moved([(each, states.release(each)) for each in ours])
    skipped = deps.replays.learn(replay.id, dict.fromkeys(unsent, ItemStatus.SKIPPED), deps.clock())
    return Outcome(changes=[*moved, *skipped])


async def _held(replay: Replay, numbers: Iterable[int], deps: Deps) -> Sequence[Summary]:
    """Return the failures of these items that the replay holds."""
    wanted = set(numbers)
    blocks = await deps.replays.blocks(replay.id, wanted)
    named = [item.chosen.failure for block in blocks for item in block.items if item.n in wanted]
    present = await deps.failures.summaries([failure for failure in named if failure is not None])
    return [each for each in present.values() if each.state == "replaying" and each.replay == replay.id]


async def _publish(parcel: Parcel, send: Send) -> None:
    await send(
        parcel.body,
        service=parcel.service,
        item=parcel.item,
        redelivery=parcel.redelivery,
        patience=parcel.patience,
    )


async def _parcels(
    replay: Replay, items: Sequence[ReplayItem], deps: Deps
) -> tuple[Sequence[Parcel], Sequence[Change]]:
    match replay.kind:
        case "trail":
            return await _from_trail(replay, items, deps), ()
        case "edit":
            return await _edited(replay, items, deps)
        case "failures":
            return await _failed(items, deps, lambda failure, _: failure.body)


async def _from_trail(replay: Replay, items: Sequence[ReplayItem], deps: Deps) -> Sequence[Parcel]:
    """An event of the trail was handled before: it is handled again for this run, once, and may wait for others."""
    kept = await deps.trail.named([item.chosen.event_id for item in items])
    return [
        Parcel(item.n, item.id, item.chosen.service, event.body, redelivery=replay.id, patience=True)
        for item in items
        if (event := kept.get(item.chosen.event_id)) is not None and event.fault != ERASED
    ]


async def _edited(replay: Replay, items: Sequence[ReplayItem], deps: Deps) -> tuple[Sequence[Parcel], Sequence[Change]]:
    edit = await deps.edits.get(replay.edit or "")
    if edit is None or not edit.body:
        return (), ()
    if edit.group is not None:
        return await _failed(items, deps, lambda failure, item: group_edits.written(edit, failure, item, deps))
    body = signed(orjson.loads(edit.body), edit, deps)
    return [Parcel(item.n, item.id, item.chosen.service, body) for item in items], ()


async def _failed(
    items: Sequence[ReplayItem], deps: Deps, body_of: Callable[[Failure, ReplayItem], bytes | None]
) -> tuple[Sequence[Parcel], Sequence[Change]]:
    """Take up the failures of items that are still what was selected; `body_of` tells what is sent for each."""
    present = await deps.failures.many([item.chosen.failure for item in items if item.chosen.failure is not None])
    parcels: list[Parcel] = []
    moves: list[tuple[Failure, Failure]] = []
    for item in items:
        failure = present.get(item.chosen.failure or "")
        if failure is None or (body := body_of(failure, item)) is None:
            continue
        is_ours = failure.state == "replaying" and failure.replay == item.replay
        if not is_ours and not is_same(failure, item.chosen):
            continue
        run = _run_of(failure.headers) if body is failure.body else None  # an edited event is new to its service
        parcels.append(Parcel(item.n, item.id, item.chosen.service, body, run))
        if not is_ours:
            moves.append((failure, states.hold(failure, item.replay)))
    return parcels, deps.failures.moved(moves)


def _run_of(headers: Mapping[str, object]) -> str | None:
    """Return the run for which it was delivered when it failed: what failed then is to be handled for that run."""
    run = headers.get(REDELIVERY)
    return run if isinstance(run, str) else None
