"""Taking in receipts: what became of messages that were sent back, as the services tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from bus.batch_consumer import RawMessage
from bus.event import Change, Outcome
from operations.domain import failure as states
from operations.domain.failure import Summary
from operations.domain.items import Fate, Known
from operations.handlers.dependencies import Deps

log = structlog.get_logger()


async def take(batch: Sequence[RawMessage], deps: Deps) -> Outcome[None]:
    """Keep a batch of receipts; what is known already changes nothing, however often it is told.

    Only the service that a message was sent back to tells what became of it: the broker holds each to its own key.
    """
    told = [(fate, raw.routing_key) for raw in batch for fate in fates_in(raw.body)]
    known = await deps.replays.items({fate.item for fate, _ in told})
    fates = [fate for fate, sender in told if _is_from(sender, fate, known)]
    resolved = await _resolve(fates, known, deps)
    return Outcome(changes=[*resolved, *deps.replays.met(fates, known)])


def fates_in(body: bytes) -> list[Fate]:
    """Read a receipt, or several; what is none, only a program of ours can have sent, and it is left out."""
    try:
        told = orjson.loads(body)
    except ValueError as error:
        log.warning("receipt_unreadable", error=repr(error))
        return []
    found = map(_fate_of, told if isinstance(told, list) else [told])
    return [fate for fate in found if fate is not None]


def _fate_of(told: Any) -> Fate | None:  # noqa: ANN401 - whatever JSON says
    try:
        fate = Fate(str(told["item"]), told["fate"], datetime.fromisoformat(told["at"]).astimezone(UTC))
    except (ValueError, KeyError, TypeError) as error:
        log.warning("receipt_unreadable", error=repr(error))
        return None
    if fate.fate not in {"handled", "ignored"}:
        log.warning("receipt_unreadable", fate=fate.fate)
        return None
    return fate


def _is_from(sender: str, fate: Fate, known: Known) -> bool:
    item, _ = known.get(fate.item, (None, None))
    if item is None or item.chosen.service == sender:
        return True
    log.error("receipt_forged", sender=sender, item=fate.item, service=item.chosen.service)
    return False


async def _resolve(fates: Sequence[Fate], known: Known, deps: Deps) -> Sequence[Change]:
    """Close the failures whose message was sent back, and those of an edit: what is told of, the broker has confirmed.

    Who sends an edit closes its original when the broker confirms; but one killed right then leaves it to the receipt.
    """
    items: dict[str, dict[str, str]] = {}
    edited: dict[str, str] = {}
    for fate in fates:
        item, block = known.get(fate.item, (None, None))
        if item is None or block is None or item.chosen.failure is None:
            continue
        if block.kind == "failures":
            items.setdefault(item.chosen.failure, {})[fate.fate] = item.replay
        elif block.kind == "edit":
            edited[item.chosen.failure] = item.replay
    present = await deps.failures.summaries((*items, *edited))
    now = deps.clock()
    moves = [(each, _resolved(each, items[each.id], now)) for each in present.values() if each.id in items]
    held = [each for each in present.values() if each.state == "replaying" and each.replay == edited.get(each.id)]
    return deps.failures.moved([*moves, *((each, states.resolve(each, "edited", now)) for each in held)])


def _resolved(failure: Summary, told: Mapping[str, str], now: datetime) -> Summary:
    """Handled is handled, whoever sent it; that it was ignored matters to the replay that holds it.

    A message that was sent twice after a kill is handled once and ignored once, and told of in either order.
    """
    if "handled" not in told:
        holds = failure.state == "replaying" and failure.replay == told["ignored"]
        return states.resolve(failure, "ignored", now) if holds else failure
    if failure.resolution == "ignored" and failure.replay == told["handled"]:
        return failure.model_copy(update={"resolution": "handled"})
    return states.resolve(failure, "handled", now)
