"""Agreeing on a visit: the officer who has the door in hand, and the applicant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bus.event import Event, Outcome
from review_dispatch.domain import arrangement
from review_dispatch.domain.arrangement import Party
from review_dispatch.domain.task import Task
from review_dispatch.domain.visit import OfferedSlot
from review_dispatch.handlers import event_map
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.task_actions import TaskRequest, done, find
from runtime.errors import NotFound, check_version
from web.auth import Principal


async def offer(asked: TaskRequest, slots: Sequence[OfferedSlot], deps: Deps) -> Outcome[Task]:
    """Offer the applicant slots to choose from."""
    rules = deps.district.routes.field_checks.visits
    return await _by_officer(
        asked, lambda task: arrangement.offer(task, asked.by.subject, deps.clock(), slots, rules), deps
    )


async def accept(asked: TaskRequest, deps: Deps) -> Outcome[Task]:
    """Agree to the slot that the applicant proposed."""
    return await _by_officer(asked, lambda task: arrangement.accept(task, asked.by.subject, deps.clock()), deps)


async def call_off(asked: TaskRequest, reason: str, deps: Deps) -> Outcome[Task]:
    """Call the visit off, for the officer."""
    by, now = asked.by.subject, deps.clock()
    return await _by_officer(asked, lambda task: arrangement.decline(task, "officer", by, now, reason), deps)


async def choose(asked: TaskRequest, slot: OfferedSlot, deps: Deps) -> Outcome[Task]:
    """Choose one of the offered slots, for the applicant."""
    return await _by_applicant(asked, lambda task: arrangement.choose(task, slot, deps.clock()), deps)


async def propose(asked: TaskRequest, slot: OfferedSlot, deps: Deps) -> Outcome[Task]:
    """Propose another slot, for the applicant."""
    rules = deps.district.routes.field_checks.visits
    return await _by_applicant(asked, lambda task: arrangement.propose(task, slot, deps.clock(), rules), deps)


async def decline(asked: TaskRequest, reason: str, deps: Deps) -> Outcome[Task]:
    """Call the visit off, for the applicant."""
    by, now = asked.by.subject, deps.clock()
    return await _by_applicant(asked, lambda task: arrangement.decline(task, "applicant", by, now, reason), deps)


async def of_resident(by: Principal, deps: Deps) -> Sequence[Task]:
    """Return the door checks that wait for a resident's own applications, the most urgent first."""
    return await deps.tasks.doors_of(by.subject)


async def _by_officer(asked: TaskRequest, move: Callable[[Task], Task], deps: Deps) -> Outcome[Task]:
    task = await find(asked, deps)
    moved = move(task)
    return done(task, moved, asked, deps, more=_told(task, moved, "officer"))


async def _by_applicant(asked: TaskRequest, move: Callable[[Task], Task], deps: Deps) -> Outcome[Task]:
    """Change the visit of an application of one's own.

    Raises NotFound for any other, PreconditionFailed for an older version.
    """
    task = await deps.tasks.get(asked.task_id)
    if task is None or task.kind != "field-check" or asked.by.subject not in _people(task):
        raise NotFound("no-such-visit")
    check_version(task.version, asked.version)
    moved = move(task)
    told = _told(task, moved, "applicant")
    return Outcome(changes=[deps.tasks.save(moved)], events=told, case=moved.application_id, result=moved)


def _told(before: Task, after: Task, by: Party) -> list[Event]:
    return [] if before.visit == after.visit else [event_map.visit_arranged(after, by)]


def _people(task: Task) -> set[str]:
    return {person.resident_id for person in task.people}
