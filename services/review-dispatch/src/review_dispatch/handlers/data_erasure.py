"""Erasure: what people saw and decided stays as long as the case that it belongs to, and goes with it.

Which cases go, applications says. What stays is declared in `shared/contracts/retention.yaml`.
"""

from __future__ import annotations

from datetime import timedelta

from bus.event import Change, NotYet, Outcome, Received
from privacy.erasure import CasesPreviewed, ErasureRequested
from review_dispatch.domain.case import Case
from review_dispatch.events import DataErased, ErasurePreviewed
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.views import CasesErased

_FOR_THE_CASES = timedelta(seconds=30)
"""How long an answer waits for the word of applications on which cases go, where some of the resident's have ended."""


async def preview(event: Received[CasesPreviewed], deps: Deps) -> Outcome[None]:
    """Tell which tasks would go, with the cases that applications says would go, and what would stay."""
    return await deps.eraser.preview(ErasurePreviewed, event.data, {"application_id": {"$in": event.data.cases}})


async def erase(event: Received[ErasureRequested], deps: Deps) -> Outcome[None]:
    """Answer with what stays. Raises NotYet while what is about to go would be counted among it."""
    if deps.clock() - event.time < _FOR_THE_CASES and await _has_ended_cases(event.data.holder.resident_id, deps):
        raise NotYet("applications has not said yet which cases go")
    return await deps.eraser.answer(DataErased, event)


async def erase_cases(event: Received[CasesErased], deps: Deps) -> Outcome[None]:
    """Remove every task of the cases that are gone; what is asked for them later makes no task anew."""
    changes: list[Change] = []
    for id_ in event.data.cases:
        case = await deps.cases.get(id_) or Case(id=id_)
        tasks = [await deps.tasks.get(entry.task_id) for entry in case.entries]
        changes.append(deps.cases.save(case.emptied(event.time)))
        for photograph in (each for task in tasks if task is not None for each in task.photographs):
            await deps.photographs.remove(photograph.id)
        changes += [deps.tasks.remove(task) for task in tasks if task is not None]
        changes += await deps.eraser.forget_answers([id_, *(entry.task_id for entry in case.entries)])
    return Outcome(changes=changes)


async def _has_ended_cases(resident_id: str, deps: Deps) -> bool:
    tasks = await deps.tasks.about(resident_id, after=None, limit=0)
    cases = [await deps.cases.get(id_) for id_ in {task.application_id for task in tasks}]
    return any(case is not None and case.closing is not None for case in cases)
