"""Arranging a visit at the door: the officer offers slots, the applicant chooses one or proposes another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from review_dispatch.domain.claims import record, require_own_claim, require_waiting
from review_dispatch.domain.routes import VisitRules
from review_dispatch.domain.task import Action, DoorCheck, Task
from review_dispatch.domain.visit import OfferedSlot, Visit
from runtime.clock import SHENZHEN, today
from runtime.errors import Conflict, Refusal

Party = Literal["officer", "applicant"]


def offer(task: Task, by: str, at: datetime, slots: Sequence[OfferedSlot], rules: VisitRules) -> Task:
    """Offer slots of which the applicant may choose one; what was agreed before counts no longer.

    Raises Conflict unless the task is one's own, Refusal for slots that can't be.
    """
    require_own_claim(task, by)
    _require_door(task)
    for slot in slots:
        _check(slot, task.due_on, at, rules, field="slots")
    offered = tuple(sorted(set(slots), key=lambda slot: (slot.begins, slot.ends)))
    return _move(task, Visit(state="offered", offered=offered), "visit-offered", by=by, at=at)


def accept(task: Task, by: str, at: datetime) -> Task:
    """Agree to what the applicant proposed. Raises Conflict unless the task is one's own and there is a proposal."""
    require_own_claim(task, by)
    visit = task.visit
    if visit is None or visit.state != "proposed" or visit.slot is None:
        raise Conflict("nothing-proposed")
    if visit.slot.ends <= at:
        raise Conflict("slot-over")
    return _move(task, visit.model_copy(update={"state": "agreed"}), "visit-accepted", by=by, at=at)


def choose(task: Task, slot: OfferedSlot, at: datetime) -> Task:
    """Choose one of the officer's slots, for the applicant; the same again changes nothing.

    Raises Conflict when it is not offered (any more), or over.
    """
    require_waiting(task)
    visit = task.visit
    if visit is not None and visit.state == "agreed" and visit.slot == slot:
        return task
    if visit is None or slot not in visit.offered:
        raise Conflict("slot-not-offered")
    if slot.ends <= at:
        raise Conflict("slot-over")
    agreed = visit.model_copy(update={"state": "agreed", "slot": slot})
    return _move(task, agreed, "visit-chosen", by=None, at=at)


def propose(task: Task, slot: OfferedSlot, at: datetime, rules: VisitRules) -> Task:
    """Propose a slot, for the applicant: what was agreed counts no longer, what was offered can still be chosen.

    Raises Conflict when the task is done, Refusal for a slot that can't be.
    """
    require_waiting(task)
    _require_door(task)
    _check(slot, task.due_on, at, rules, field="begins")
    proposed = (task.visit or Visit(state="proposed")).model_copy(update={"state": "proposed", "slot": slot})
    return _move(task, proposed, "visit-proposed", by=None, at=at)


def decline(task: Task, party: Party, by: str, at: datetime, reason: str) -> Task:
    """Call off what was offered, proposed or agreed, and say why.

    Raises Conflict when there is nothing to call off; for the officer, unless the task is one's own.
    """
    if party == "officer":
        require_own_claim(task, by)
    require_waiting(task)
    if task.visit is None or task.visit.state == "declined":
        raise Conflict("nothing-to-decline")
    action: Action = "visit-declined" if party == "officer" else "visit-declined-by-applicant"
    who = by if party == "officer" else None
    return _move(task, Visit(state="declined"), action, by=who, at=at, note=reason)


def _check(slot: OfferedSlot, due_on: date, now: datetime, rules: VisitRules, *, field: str) -> None:
    begins, ends = slot.begins.astimezone(SHENZHEN), slot.ends.astimezone(SHENZHEN)
    if slot.begins <= now:
        raise Refusal("slot-in-the-past", field=field)
    if not timedelta() < slot.ends - slot.begins <= timedelta(hours=rules.longest_hours):
        raise Refusal("slot-too-long", field=field, most=rules.longest_hours)
    if begins.date() != ends.date() or begins.time() < rules.earliest or ends.time() > rules.latest:
        earliest, latest = f"{rules.earliest:%H:%M}", f"{rules.latest:%H:%M}"
        raise Refusal("slot-outside-hours", field=field, earliest=earliest, latest=latest)
    if today(slot.begins) > due_on >= today(now):
        raise Refusal("slot-after-deadline", field=field, date=due_on)


def _move(task: Task, visit: Visit, action: Action, *, by: str | None, at: datetime, note: str | None = None) -> Task:
    return record(task.model_copy(update={"visit": visit}), action, by=by, at=at, note=note)


def _require_door(task: Task) -> None:
    if not isinstance(task.about, DoorCheck):
        raise Refusal("visit-needs-a-door")
