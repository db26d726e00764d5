"""Erasure: what the trail and the dead letters say of a case goes when the case's data went.

The trail is written beside the transactions, from the stream, so an event of a case may be on its way while the case is
erased. The case is therefore remembered: what is recorded later is erased at once, and a minute after the erasure
everything of the case is looked through again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bus.event import Change, Outcome, Received
from operations.domain.erased import ErasedCase, put_away, unedited
from operations.domain.failure import Failure
from operations.events import DataErased, ErasurePreviewed
from operations.handlers.dependencies import Deps
from operations.handlers.retention import BY
from operations.views import CasesErased
from privacy.erasure import CasesPreviewed, Gone, Whose

AGAIN_EVERY = 60.0
"""Seconds between two looks for cases to be looked through again."""
_AGAIN_AFTER = timedelta(minutes=1)
_AT_ONCE = 20
_MOST_EDITS = 100


async def preview(event: Received[CasesPreviewed], deps: Deps) -> Outcome[None]:
    """Tell how many messages of the cases that would go are kept."""
    said = event.data
    events = sum([await deps.trail.count(case) for case in said.cases])
    failures, edits = await _messages(said.cases, deps)
    answer = ErasurePreviewed(
        erasure_id=said.erasure_id,
        holder=Whose.model_validate(said.holder.model_dump()),
        erased=_gone({"trail": events, "dead-letters": len(failures), "edits": len(edits)}),
        kept=[],
        cases=[],
    )
    return Outcome(events=[answer], case=event.case)


async def erase(event: Received[CasesErased], deps: Deps) -> Outcome[None]:
    """Erase what is kept of the messages of these cases, and answer how many those were."""
    said, now = event.data, deps.clock()
    known = await deps.erased.among(said.cases)
    new = [ErasedCase(id=case, erasure=said.erasure_id, at=now) for case in said.cases if case not in known]
    events = sum([await deps.trail.blank(case) for case in said.cases])
    failures, edits = await _messages(said.cases, deps)
    gone = {"trail": events, "dead-letters": len(failures), "edits": len(edits)}
    entry = await deps.audit.entry(
        by=BY, action="case-erased", target=said.erasure_id, details={"cases": len(said.cases), **gone}
    )
    changes = [*map(deps.erased.save, new), *_put_away(failures, deps), *edits, *(entry if said.cases else ())]
    answer = DataErased(erasure_id=said.erasure_id, erased=_gone(gone), kept=[], cases=[])
    return Outcome(changes=changes, events=[answer], case=event.case)


async def erase_again(deps: Deps) -> Sequence[Outcome[Any]]:
    """Look once more through what was erased a minute ago, for what was being recorded just then."""
    outcomes: list[Outcome[Any]] = []
    for case in await deps.erased.unsettled(deps.clock() - _AGAIN_AFTER, _AT_ONCE):
        await deps.trail.blank(case.id)
        failures, edits = await _messages([case.id], deps)
        settled = deps.erased.save(case.model_copy(update={"is_settled": True}))
        outcomes.append(Outcome(changes=[settled, *_put_away(failures, deps), *edits]))
    return outcomes


def _gone(counts: Mapping[str, int]) -> list[Gone]:
    return [Gone(kind=kind, count=count) for kind, count in counts.items() if count]


async def _messages(cases: Sequence[str], deps: Deps) -> tuple[Sequence[Failure], Sequence[Change]]:
    """Return the dead letters of these cases that still have their message, and the writes that empty their edits."""
    found = [each for case in cases for each in await deps.failures.of_case(case)]
    edits = [
        deps.edits.save(unedited(edit, BY, deps.clock()))
        for each in found
        for edit in await deps.edits.page(state=None, failure=each.id, before=None, limit=_MOST_EDITS)
        if edit.body and edit.failure == each.id  # what a group's edit sends for another case goes with its dead letter
    ]
    return [each for each in found if each.body is not None], edits


def _put_away(failures: Sequence[Failure], deps: Deps) -> Sequence[Change]:
    moved = deps.failures.moved([(each, put_away(each, BY, deps.clock())) for each in failures])
    return [*moved, *deps.replays.forget([each.id for each in failures])]
