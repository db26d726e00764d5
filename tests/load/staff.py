"""The district's staff: reviewers, second reviewers, grid officers, deciding officers, each working through a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import httpx

from synthetic.caller import Caller, Json, ProblemError
from tests.journeys import desk
from tests.journeys.desk import Document, Queued, Task
from tests.load.cases import Case, answer

AT_ONCE = 6
QUICK, SLOW = 0.3, 1.5
"""Seconds between two looks at a queue: after one that had work, and at most, while there is none."""

_SOMEBODY_WAS_FASTER = 409
_HELD_OR_OTHER = "approval-held-or-other"
"""The question whether what was shown is the document that is held, which says something else: it is another one."""

_READ_FROM_SCAN: Mapping[str, Json] = {"present": True, "complete": True}


@dataclass(frozen=True, slots=True)
class Office:
    """A department's queue and the two people who work on it."""

    department: str
    first: Caller
    second: Caller


@dataclass
class Rules:
    """What the staff goes by: whose case a task is, the seed of their answers, the day; and a place for troubles."""

    case_of: Callable[[str], Case | None]
    seed: int
    today: date
    troubles: list[str] = field(default_factory=list)


async def work(office: Office, rules: Rules) -> None:
    """Work through a queue until cancelled."""
    gate, busy, pause = asyncio.Semaphore(AT_ONCE), set[str](), QUICK
    async with asyncio.TaskGroup() as group:
        while True:
            found = [task for task in await _waiting(office, rules) if task.task_id not in busy]
            for task in found:
                busy.add(task.task_id)
                group.create_task(_handle(office, task, rules, gate, busy))
            pause = QUICK if found else min(SLOW, pause * 1.5)
            await asyncio.sleep(pause)


async def _waiting(office: Office, rules: Rules) -> tuple[Queued, ...]:
    try:
        queue = await desk.queue(office.first, department=office.department)
    except (ProblemError, httpx.TransportError) as error:
        rules.troubles.append(f"queue of {office.department}: {error!r}")
        return ()
    return tuple(task for task in queue.items if rules.case_of(task.application_id) is not None)


async def _handle(office: Office, task: Queued, rules: Rules, gate: asyncio.Semaphore, busy: set[str]) -> None:
    worker = office.second if task.status.code == "awaiting-second" else office.first
    try:
        async with gate:
            await _decide(worker, await desk.claim(worker, task.task_id), rules)
    except ProblemError as error:
        if error.problem.status != _SOMEBODY_WAS_FASTER:
            rules.troubles.append(f"{task.task_id}: {error}")
    except httpx.TransportError as error:
        rules.troubles.append(f"{task.task_id}: {error!r}")
    finally:
        busy.discard(task.task_id)


async def _decide(worker: Caller, task: Task, rules: Rules) -> None:
    case, document = rules.case_of(task.application_id), task.document
    assert case is not None
    if document is not None and not document.scans:
        await desk.send_back(worker, task.task_id, "scans", "请补交该材料的扫描件")
    elif not answer(rules.seed, task.kind.code, case.number):
        await desk.reject(worker, task.task_id, "经核查，情况与申请不符")
    elif document is None:
        await desk.approve(worker, task.task_id, note="已核实")
    else:
        await _approve(worker, task.task_id, document, rules.today)


async def _approve(worker: Caller, task_id: str, document: Document, today: date) -> None:
    """Approve what was claimed, and fill in what can only be read from the document itself."""
    readable: dict[str, Json] = {**_READ_FROM_SCAN, "taken_on": (today - timedelta(days=30)).isoformat()}
    unclaimed = [name for name in document.may_enter if document.claims.get(name) is None]
    until = (today + timedelta(days=365)).isoformat() if document.valid_until == "required" else ""
    fields = {name: readable[name] for name in unclaimed if name in readable}
    approve = partial(desk.approve, worker, task_id, fields=fields, valid_until=until, note="原件无误")
    try:
        await approve()
    except ProblemError as error:
        if error.problem.code != _HELD_OR_OTHER:
            raise
        await approve(is_held=False)
