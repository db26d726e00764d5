"""Credentials whose term has ended: found by the day, whenever the service runs, so a downtime loses none."""

from __future__ import annotations

from collections.abc import Sequence

from bus.event import Outcome
from credential_store.domain.status import Trace, settle
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.issuance import decided
from runtime.clock import today

AT_A_TIME = 500


async def expire(deps: Deps) -> Sequence[Outcome[None]]:
    """Mark what is overdue as lapsed (05), each for itself; one that somebody changes meanwhile comes up again."""
    now = deps.clock()
    outcomes: list[Outcome[None]] = []
    for before in await deps.credentials.due(today(now), AT_A_TIME):
        after = settle(before, before, Trace(at=now, by="calendar"))
        ended = await decided(before, after, deps)
        outcomes.append(Outcome(changes=ended.changes, events=ended.events, case=ended.case))
    return outcomes
