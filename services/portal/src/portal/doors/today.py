"""Today's doors: those in the officer's hand by building, the times agreed for today, and what waits for anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from portal.doors.answers import DoorBuilding, DoorQueues, DoorRow, Doors, FreeTasks, Officer
from portal.frame.calls import CallRefused, Json, Nothing
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from runtime.clock import today, utc_now

router = page_router()

_MOST = 10
"""Doors that are taken at once."""
_LOOKED_AT = 100


@router.get("/doors/")
async def home(visit: Officer) -> Response:
    """Show the officer's doors in the order of a walk."""
    call = visit.call
    doors, queues = await asyncio.gather(
        visit.part(call.get("/v1/tasks/doors", Doors)), visit.part(call.get("/v1/tasks/queues", DoorQueues))
    )
    free = [each for each in queues.queues if each.kind.code == "field-check" and each.free] if queues else []
    agreed = _agreed_for_today(doors.buildings) if doors else []
    return visit.show("doors/home.html", here="today", doors=doors, agreed=agreed, queues=queues, free=free, kept=_kept)


@router.post("/doors/take")
async def take(visit: Officer, form: Sent) -> Response:
    """Take the most urgent doors that nobody has: one, or as many as make a round."""
    wanted = _MOST if form.text("many") == "round" else 1
    free = await visit.call.get("/v1/tasks", FreeTasks, kind="field-check", status="open", limit=_LOOKED_AT)
    taken = 0
    for task in free.items:
        if taken == wanted:
            break
        try:
            await visit.call.post(
                f"/v1/tasks/{path_of(task.task_id)}/claim", Nothing, once=f"{form.once}-{task.task_id}"
            )
        except CallRefused:  # a colleague was quicker
            continue
        taken += 1
    return visit.go("/doors/?done=taken" if taken else "/doors/?done=none-free")


def _agreed_for_today(buildings: Sequence[DoorBuilding]) -> list[DoorRow]:
    """Return the doors at which somebody expects the officer today, by time."""
    now = today(utc_now())
    agreed = [
        (door.visit.slot.begins, door)
        for building in buildings
        for door in building.doors
        if door.visit and door.visit.state == "agreed" and door.visit.slot and today(door.visit.slot.begins) == now
    ]
    return [door for _, door in sorted(agreed, key=lambda each: (each[0], each[1].task_id))]


def _kept(door: DoorRow) -> dict[str, Json]:
    """Return what a phone keeps of a door, to show it without a network."""
    return {
        "task": door.task_id,
        "version": f'"{door.version}"',
        "address": door.address,
        "name": door.applicant_name,
        "due": door.due_text,
        "visit": door.visit.text if door.visit else "",
    }
