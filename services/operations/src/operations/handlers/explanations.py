"""Why items of a replay did not get through: what became of each this time, or why it could not be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.domain.erased import ERASED
from operations.domain.failure import Summary
from operations.domain.items import FailedAgain, ItemStatus, ReplayItem
from operations.domain.letter import failure_id
from operations.domain.trail import Recorded
from operations.handlers.dependencies import Deps

NOT_IN_TRAIL = "not-in-trail"
"""Why an event was not sent that the trail keeps no more."""


@dataclass(frozen=True, slots=True)
class ExplainedFailure:
    """An item, the failure that it was or became, and why it did not get through; None where there is nothing to say.

    `again` is what happened this time; `unsent` why it was not sent: `not-in-trail`, `erased`.
    """

    item: ReplayItem
    failure: str | None
    again: FailedAgain | None = None
    unsent: str | None = None

    @property
    def why(self) -> str | None:
        """The same in codes, in one line."""
        if self.again is None:
            return self.unsent
        cause = self.again.cause
        return " · ".join(part for part in (cause.reason, cause.exception, cause.path) if part)


async def explain(replay: str, items: Sequence[ReplayItem], deps: Deps) -> Sequence[ExplainedFailure]:
    """Explain a page of items of a replay with three reads, however long it is."""
    unsaid = [item.chosen.event_id for item in items if item.chosen.failure is None and _is_lost(item)]
    events = await deps.trail.named(unsaid)
    failed = [item.n for item in items if item.rank is ItemStatus.FAILED]
    kept = await deps.replays.failed_again(replay, failed) if failed else {}
    before = {item.n: _failure_before(item, events) for item in items if item.rank is ItemStatus.FAILED}
    present = await deps.failures.summaries([id_ for n, id_ in before.items() if id_ and n not in kept])
    again = {**{n: _as_now(present[id_]) for n, id_ in before.items() if id_ and id_ in present}, **kept}
    return [_explained(item, again.get(item.n), events) for item in items]


def _explained(item: ReplayItem, again: FailedAgain | None, events: Mapping[str, Recorded]) -> ExplainedFailure:
    if item.rank is ItemStatus.FAILED:
        return ExplainedFailure(item, again.failure if again else item.chosen.failure, again)
    return ExplainedFailure(item, item.chosen.failure, unsent=_unsent(item, events))


def _is_lost(item: ReplayItem) -> bool:
    return item.rank in {ItemStatus.FAILED, ItemStatus.SKIPPED}


def _failure_before(item: ReplayItem, events: Mapping[str, Recorded]) -> str | None:
    """Return the failure that was selected; of an event of the trail, the one that it became."""
    event = events.get(item.chosen.event_id)
    return failure_id(item.chosen.service, event.body) if event else item.chosen.failure


def _as_now(failure: Summary) -> FailedAgain:
    """Say why by the failure as it is now, for what failed before its reason was kept."""
    return FailedAgain(failure=failure.id, cause=failure.cause, message=failure.message)


def _unsent(item: ReplayItem, events: Mapping[str, Recorded]) -> str | None:
    if item.rank is not ItemStatus.SKIPPED or item.chosen.failure is not None:
        return None
    event = events.get(item.chosen.event_id)
    return NOT_IN_TRAIL if event is None else event.fault if event.fault == ERASED else None
