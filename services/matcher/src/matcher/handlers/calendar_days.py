"""The calendar's news: records that begin or end on a day without anybody saying so."""

from __future__ import annotations

from collections.abc import Sequence

from bus.event import Outcome
from matcher.domain.holdings import settled
from matcher.handlers.dependencies import Deps, announcement

_AT_ONCE = 200


async def turn(deps: Deps) -> Sequence[Outcome[None]]:
    """Bring the holdings of registered residents up to date where a record has begun or ended by today."""
    outcomes: list[Outcome[None]] = []
    for before in await deps.evidence.turning(deps.today, _AT_ONCE):
        after = settled(before, deps.today, deps.rules)
        if after is not before:
            changes = [deps.evidence.save(after)]
            outcomes.append(Outcome(changes=changes, events=announcement(before, after), case=after.resident_id))
    return outcomes
