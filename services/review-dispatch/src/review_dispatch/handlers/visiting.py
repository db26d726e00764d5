"""Agreeing on a visit: the officer who has the door in hand, and the applicant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from messaging.event import Event, Outcome
from review_dispatch.domain import arrangement
from review_dispatch.domain.arrangement import Party
from review_dispatch.domain.task import Task
from review_dispatch.domain.visit import Slot
from review_dispatch.handlers import announcing
from review_dispatch.handlers.needs import Deps
from review_dispatch.handlers.working import Asked, done, find
from runtime.access import Principal
from runtime.refusal import Unknown, check_version


async def offer(asked: Asked, slots: Sequence[Slot], deps: Deps) -> Outcome[Task]:
    """Offer the applicant slots to choose from."""
    rules = deps.district.routes.field_checks.visits
    return await _by_officer(
        asked, lambda task: arrangement.offer(task, asked.by.subject, deps.clock(), slots, rules), deps
    )


async def accept(asked: Asked, deps: Deps) -> Outcome[Task]:
    """Agree to the slot that the applicant proposed."""
    return await _by_officer(asked, lambda task: arrangement.accept(task, asked.by.subject, deps.clock()), deps)


async def call_off(asked: Asked, reason: str, deps: Deps) -> Outcome[Task]:
    """Call the visit off, for the officer."""
    by, now = asked.by.subject, deps.clock()
    return await _by_officer(asked, lambda task: arrangement.decline(task, "officer", by, now, reason), deps)


async def choose(asked: Asked, slot: Slot, deps: Deps) -> Outcome[Task]:
    """Choose one of the offered slots, for the applicant."""
    return await _by_applicant(asked, lambda task: arrangement.choose(task, slot, deps.clock()), deps)


async def propose(asked: Asked, slot: Slot, deps: Deps) -> Outcome[Task]:
    """Propose another slot, for the applicant."""
    rules = deps.district.routes.field_checks.visits
    return await _by_applicant(asked, lambda task: arrangement.propose(task, slot, deps.clock(), rules), deps)


async def decline(asked: Asked, reason: str, deps: Deps) -> Outcome[Task]:
    """Call the visit off, for the applicant."""
    by, now = asked.by.subject, deps.clock()
    return await _by_applicant(asked, lambda task: arrangement.decline(task, "applicant", by, now, reason), deps)


async def of_resident(by: Principal, deps: Deps) -> Sequence[Task]:
    """Return the door checks that wait for a resident's own applications, the most urgent first."""
    return await deps.tasks.doors_of(by.subject)


async def _by_officer(asked: Asked, move: Callable[[Task], Task], deps: Deps) -> Outcome[Task]:
    task = await find(asked, deps)
    moved = move(task)
    return done(task, moved, asked, deps, more=_told(task, moved, "officer"))


async def _by_applicant(asked: Asked, move: Callable[[Task], Task], deps: Deps) -> Outcome[Task]:
    """Change the visit of an application of one's own. Raises Unknown for any other, Stale for an older version."""
    task = await deps.tasks.get(asked.task_id)
    if task is None or task.kind != "field-check" or asked.by.subject not in _people(task):
        raise Unknown("no-such-visit")
    check_version(task.version, asked.version)
    moved = move(task)
    told = _told(task, moved, "applicant")
    return Outcome(changes=[deps.tasks.save(moved)], events=told, case=moved.application_id, result=moved)


def _told(before: Task, after: Task, by: Party) -> list[Event]:
    return [] if before.visit == after.visit else [announcing.visit_arranged(after, by)]


def _people(task: Task) -> set[str]:
    return {person.resident_id for person in task.people}
