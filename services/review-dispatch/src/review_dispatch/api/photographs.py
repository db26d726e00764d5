"""/v1/tasks/{id}/photographs: hand in, look at, take back."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from bus.event import ConflictError, Outcome
from review_dispatch.api.parts import DepsOf, WorkersView, asked_of, shown_to
from review_dispatch.api.views import TaskView
from review_dispatch.domain.task import Task
from review_dispatch.domain.visit import Photograph
from review_dispatch.handlers import photographs
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.photographs import OpenedPhotograph
from review_dispatch.handlers.task_actions import TaskRequest
from runtime.errors import Refusal
from scans.uploads import read_upload
from standards.bounds import Name
from web import routes

router = APIRouter(prefix="/tasks/{task_id}/photographs", tags=["visits"])

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG or PNG, 10 MB at most"}
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    summary="Hand in a photograph of the visit",
    status_code=201,
    responses={201: {"model": TaskView}},
    openapi_extra=_FORM,
)
async def hand_in(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    request: Request,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Take a photograph of a door check that one has in hand, without where and with what it was taken."""
    content = (await read_upload(request)).content
    storing = _Storing(asked, content, deps)
    try:
        return await commit(storing.attach, shown_to(reader), 201, fingerprint=sha256(content).hexdigest())
    except (Refusal, ConflictError):
        await storing.undo()  # it is certain that nothing was committed; what is uncertain is left to the sweep
        raise


@router.get(
    "/{photograph_id}",
    summary="Look at a photograph",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in _ENDINGS}}},
)
async def look(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    photograph_id: Name,
    deps: DepsOf,
    commit: routes.Commit,
    purpose: Annotated[str | None, Query(max_length=200, description="Needed unless the task is in hand")] = None,
) -> Response:
    """Send a photograph, and record who looked at it; the people concerned can read that."""
    opened: list[OpenedPhotograph] = []

    async def work() -> Outcome[OpenedPhotograph]:
        outcome = await photographs.open_photograph(asked, photograph_id, purpose, deps)
        opened[:] = [outcome.result] if outcome.result else []
        return outcome

    await commit(work, lambda _: None, only_looks=True)
    taken = opened[0].photograph
    headers = {
        "Content-Disposition": f'inline; filename="{taken.id}.{_ENDINGS[taken.media_type]}"',
        "Content-Length": str(taken.size),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(opened[0].content, media_type=taken.media_type, headers=headers)


@router.delete("/{photograph_id}", summary="Take back a photograph", responses={200: {"model": TaskView}})
async def take_back(
    asked: Annotated[TaskRequest, Depends(asked_of)],
    photograph_id: Name,
    deps: DepsOf,
    reader: WorkersView,
    commit: routes.Commit,
) -> Response:
    """Remove a photograph while one has the task in hand."""
    answer = await commit(lambda: photographs.detach(asked, photograph_id, deps), shown_to(reader))
    await deps.photographs.remove(photograph_id)
    return answer


class _Storing:
    """One upload: stored at most once, however often its commit is tried."""

    def __init__(self, asked: TaskRequest, content: bytes, deps: Deps) -> None:
        self._asked = asked
        self._content = content
        self._deps = deps
        self._stored: Photograph | None = None

    async def attach(self) -> Outcome[Task]:
        """Store the content, the first time, and add it to the task."""
        if self._stored is None:
            self._stored = await photographs.store(self._asked, self._content, self._deps)
        return await photographs.attach(self._asked, self._stored, self._deps)

    async def undo(self) -> None:
        """Remove the content again."""
        if self._stored is not None:
            await self._deps.photographs.remove(self._stored.id)
