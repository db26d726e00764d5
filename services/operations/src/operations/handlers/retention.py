"""What is kept for how long: messages of discarded failures, resolved failures, counts of past hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bus.event import Outcome
from operations.domain.erased import emptied
from operations.domain.group import FailureGroup
from operations.handlers.dependencies import Deps

BY = "operations"
"""Who is recorded for what happens by itself."""

_AT_ONCE = 500


async def forget(deps: Deps) -> Sequence[Outcome[Any]]:
    """Remove what is past its time; what changes meanwhile is left for the next round."""
    groups = [_past(group, deps) for group in await deps.groups.all()]
    return [*await _messages(deps), *await _settled(deps), *(outcome for outcome in groups if outcome is not None)]


async def _messages(deps: Deps) -> Sequence[Outcome[Any]]:
    """Remove the messages of failures that can't be taken back any more; that they were stays known."""
    term = timedelta(days=deps.settings.discard_days)
    found = await deps.failures.put_away_before(deps.clock() - term, _AT_ONCE)
    if not found:
        return ()
    changes = [
        *deps.failures.moved([(each, emptied(each)) for each in found]),
        *deps.replays.forget([each.id for each in found]),
    ]
    entry = await deps.audit.entry(
        by=BY, action="discarded-messages-removed", target="failures", details={"count": len(found)}
    )
    return (Outcome(changes=[*changes, *entry]),)


async def _settled(deps: Deps) -> Sequence[Outcome[Any]]:
    """Remove failures that were resolved, or discarded, so long ago that nobody asks any more."""
    term = timedelta(days=max(deps.settings.resolved_days, deps.settings.discard_days))
    found = await deps.failures.settled_before(deps.clock() - term, _AT_ONCE)
    return (Outcome(changes=deps.failures.moved([(each, None) for each in found])),) if found else ()


def _past(group: FailureGroup, deps: Deps) -> Outcome[Any] | None:
    now = deps.clock()
    if not group.failures and group.last_seen < now - timedelta(days=deps.settings.resolved_days):
        return Outcome(changes=[deps.groups.remove(group)])
    hours = group.forgotten(now)
    return Outcome(changes=[deps.groups.forget_hours(group.id, hours)]) if hours else None
