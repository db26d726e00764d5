"""Visits and doors, shaped for their readers."""

from __future__ import annotations

from collections.abc import Callable

from review_dispatch.api import visit_views as views
from review_dispatch.api.reader import TEXTS, TaskReader
from review_dispatch.domain.doors import Building
from review_dispatch.domain.task import DoorCheck, Task
from review_dispatch.domain.visit import OfferedSlot, Photograph, Visit
from runtime.clock import SHENZHEN
from runtime.texts import written_day

View = Callable[[Task], views.ResidentVisitView]


def visit(said: Visit | None, reader: TaskReader) -> views.VisitView | None:
    if said is None:
        return None
    slot = _slot(said.slot, reader) if said.slot else None
    return views.VisitView(
        state=said.state,
        text=TEXTS.say(reader.language, f"visits.{said.state}", slot=slot.text if slot else ""),
        slot=slot,
        offered=[_slot(each, reader) for each in said.offered],
    )


def resident_visit(task: Task, reader: TaskReader) -> views.ResidentVisitView:
    """Show a visit to the person whose application waits for it."""
    return views.ResidentVisitView(
        task_id=task.id,
        version=task.version,
        application_id=task.application_id,
        item=task.item,
        due_on=task.due_on,
        due_text=reader.due(task.due_on),
        visit=visit(task.visit, reader),
    )


def committed(task: Task, reader: TaskReader) -> views.ResidentVisitView:
    """Show it as it is once the change that has just been decided is stored: one version later."""
    return resident_visit(task.model_copy(update={"version": task.version + 1}), reader)


def building(found: Building, reader: TaskReader) -> views.BuildingView:
    community = reader.community(found.community)
    return views.BuildingView(
        name=found.name,
        community=found.community,
        community_name=community.name if community else found.community,
        doors=[_door(task, task.about, reader) for task in found.doors if isinstance(task.about, DoorCheck)],
    )


def photograph(taken: Photograph, task: Task) -> views.PhotographView:
    """Show that there is a photograph, and where."""
    return views.PhotographView(
        photograph_id=taken.id,
        media_type=taken.media_type,
        size=taken.size,
        by=taken.by,
        uploaded_at=taken.uploaded_at,
        href=f"/v1/tasks/{task.id}/photographs/{taken.id}",
    )


def _door(task: Task, door: DoorCheck, reader: TaskReader) -> views.DoorRowView:
    return views.DoorRowView(
        task_id=task.id,
        version=task.version,
        application_id=task.application_id,
        applicant_name=door.applicant_name,
        address=door.address,
        due_on=task.due_on,
        due_text=reader.due(task.due_on),
        overdue=task.is_overdue(reader.today),
        visit=visit(task.visit, reader),
        photographs=len(task.photographs),
    )


def _slot(slot: OfferedSlot, reader: TaskReader) -> views.SlotView:
    begins, ends = slot.begins.astimezone(SHENZHEN), slot.ends.astimezone(SHENZHEN)
    text = TEXTS.say(
        reader.language,
        "slot",
        day=written_day(reader.language, begins.date()),
        begins=f"{begins:%H:%M}",
        ends=f"{ends:%H:%M}",
    )
    return views.SlotView(begins=slot.begins, ends=slot.ends, text=text)
