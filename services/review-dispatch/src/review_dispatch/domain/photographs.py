"""Photographs that the officer takes at the door."""

from __future__ import annotations

from review_dispatch.domain.claims import require_own_claim
from review_dispatch.domain.task import DoorCheck, Task
from review_dispatch.domain.visit import Photograph
from runtime.errors import Conflict, NotFound, Refusal, Unsupported
from scans.kinds import media_type_of

MOST = 10
"""Photographs of one visit."""
ACCEPTED = ("image/jpeg", "image/png")


def picture_type_of(content: bytes) -> str:
    """Tell what kind of picture a file is. Raises Refusal when it is empty, Unsupported when it is anything else."""
    media_type = media_type_of(content)
    if media_type not in ACCEPTED:
        raise Unsupported("scan-media-type", field="file", accepted="JPEG, PNG")
    return media_type


def attach(task: Task, photograph: Photograph, by: str) -> Task:
    """Add a photograph to a door check that one has in hand.

    Raises Conflict unless the task is one's own and has room for more, Refusal unless it is a door check.
    """
    require_own_claim(task, by)
    if not isinstance(task.about, DoorCheck):
        raise Refusal("visit-needs-a-door")
    if len(task.photographs) >= MOST:
        raise Conflict("too-many-photographs", most=MOST)
    return task.model_copy(update={"photographs": (*task.photographs, photograph)})


def detach(task: Task, photograph_id: str, by: str) -> Task:
    """Take a photograph away again, before the visit's result is entered. Raises Conflict, NotFound."""
    require_own_claim(task, by)
    find(task, photograph_id)
    kept = tuple(each for each in task.photographs if each.id != photograph_id)
    return task.model_copy(update={"photographs": kept})


def find(task: Task, photograph_id: str) -> Photograph:
    """Return a photograph of a task. Raises NotFound."""
    found = next((each for each in task.photographs if each.id == photograph_id), None)
    if found is None:
        raise NotFound("no-such-photograph")
    return found
