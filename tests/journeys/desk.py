"""What reviewers, grid officers and deciding officers do at their desks, over the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from synthetic.caller import Caller, CallerAnswer, Json

Kind = Literal["review", "field-check", "decision", "duplicate-check"]


class Coded(CallerAnswer):
    """A code with its name in the caller's language."""

    code: str
    name: str


class Queued(CallerAnswer):
    """A task as it stands in a queue."""

    task_id: str
    kind: Coded
    status: Coded
    application_id: str
    item: str
    requirement: str | None
    document_type: Coded | None
    department: Coded
    community: Coded | None
    claimed_by: str | None
    needs_second_reviewer: bool


class Compared(CallerAnswer):
    """One field as the reviewer sees it: claimed and held, side by side."""

    field: Coded
    result: Coded
    reason: Coded | None
    claimed: str | bool | int | list[str] | None
    held: str | bool | int | list[str] | None


class Scan(CallerAnswer):
    scan_id: str
    media_type: str
    size: int


class Document(CallerAnswer):
    """The document under review."""

    comparison: tuple[Compared, ...]
    claims: Mapping[str, str | bool | int | list[str] | None]
    scans: tuple[Scan, ...]
    may_enter: Mapping[str, str]
    may_return: tuple[str, ...]
    valid_until: Literal["required", "optional", "none"]


class Door(CallerAnswer):
    """The door to knock at."""

    applicant_name: str | None
    address: str | None


class Task(Queued):
    """A task in full; values are there for whoever has claimed it."""

    values_hidden: bool
    document: Document | None
    door: Door | None


class Queue(CallerAnswer):
    """One page of a queue."""

    items: tuple[Queued, ...] = Field(default=())
    next: str | None = None


async def queue(
    worker: Caller, *, department: str = "", kind: Kind | None = None, application_id: str = "", limit: int = 100
) -> Queue:
    """Read what waits for this worker, the most urgent first."""
    wanted = {"department": department, "kind": kind or "", "application_id": application_id}
    query: dict[str, str | int | bool | list[str]] = {name: value for name, value in wanted.items() if value}
    return await worker.get("/v1/tasks", Queue, {**query, "limit": limit})


async def read(worker: Caller, task_id: str) -> Task:
    return await worker.get(f"/v1/tasks/{task_id}", Task)


async def claim(worker: Caller, task_id: str) -> Task:
    return await worker.post(f"/v1/tasks/{task_id}/claim", Task)


async def approve(
    worker: Caller,
    task_id: str,
    *,
    note: str = "",
    fields: Mapping[str, Json] | None = None,
    valid_until: str = "",
    is_held: bool | None = None,
) -> Task:
    """Approve a document, confirm an address, grant an application; `is_held`: the document is the one that is held."""
    body: dict[str, Json] = {} if is_held is None else {"is_held": is_held}
    if note:
        body["note"] = note
    if fields:
        body["fields"] = dict(fields)
    if valid_until:
        body["valid_until"] = valid_until
    return await worker.post(f"/v1/tasks/{task_id}/approval", Task, body)


async def reject(worker: Caller, task_id: str, reason: str) -> Task:
    """Refuse, for a reason that the applicant reads."""
    return await worker.post(f"/v1/tasks/{task_id}/rejection", Task, {"reason": reason})


async def send_back(worker: Caller, task_id: str, field: str, message: str) -> Task:
    """Return a document to the applicant."""
    return await worker.post(f"/v1/tasks/{task_id}/return", Task, {"field": field, "message": message})
