"""Why items of a replay did not get through: what their dead letters say, or why they could not be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.domain.cause import failure_id
from operations.domain.erased import ERASED
from operations.domain.failure import Summary
from operations.domain.items import Item, Rank
from operations.domain.trail import Recorded
from operations.handlers.needs import Deps

NOT_IN_TRAIL = "not-in-trail"
"""Why an event was not sent that the trail keeps no more."""


@dataclass(frozen=True, slots=True)
class Explained:
    """An item, the failure that it was or became, and why it did not get through; None where there is nothing to say.

    `why` is the reason of its dead letter with exception and path, or `not-in-trail`, `erased` for what was not sent.
    """

    item: Item
    failure: str | None
    why: str | None


async def explain(items: Sequence[Item], deps: Deps) -> Sequence[Explained]:
    """Explain a page of items with two reads, however long it is."""
    unsaid = [item.chosen.event_id for item in items if _is_of_trail(item) and _is_lost(item)]
    events = await deps.trail.named(unsaid)
    failures = {item.n: _failure_of(item, events) for item in items}
    lost = {failure for item in items if item.rank is Rank.FAILED and (failure := failures[item.n])}
    present = await deps.failures.summaries(tuple(lost))
    return [Explained(item, failures[item.n], _why(item, failures[item.n], events, present)) for item in items]


def _is_lost(item: Item) -> bool:
    return item.rank in {Rank.FAILED, Rank.SKIPPED}


def _is_of_trail(item: Item) -> bool:
    return item.chosen.failure is None


def _failure_of(item: Item, events: Mapping[str, Recorded]) -> str | None:
    """Return the failure that was selected; of an event of the trail, the one that it became when it failed."""
    event = events.get(item.chosen.event_id)
    if not _is_of_trail(item) or event is None or item.rank is not Rank.FAILED:
        return item.chosen.failure
    return failure_id(item.chosen.service, event.body)


def _why(item: Item, failure: str | None, events: Mapping[str, Recorded], present: Mapping[str, Summary]) -> str | None:
    if item.rank is Rank.FAILED:
        told = present.get(failure or "")
        return " · ".join(part for part in (told.reason, told.exception, told.path) if part) if told else None
    if item.rank is Rank.SKIPPED and _is_of_trail(item):
        event = events.get(item.chosen.event_id)
        return NOT_IN_TRAIL if event is None else event.fault if event.fault == ERASED else None
    return None
