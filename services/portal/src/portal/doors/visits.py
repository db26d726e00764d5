"""Recording a visit: what was found, in whose words, with photographs. By a form, or by a phone that was offline.

A phone sends the same fields and asks for JSON. Each photograph and the result come under a number of their own, which
the interface does once, and on the version that the officer had seen: what has changed meanwhile is told, never
overwritten.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from portal.doors.answers import DoorTask, Officer
from portal.doors.door import changed_hands, door_page
from portal.frame.calls import Away, CallRefused, GatewayAnswer, GatewayProblem, InputFault, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from runtime.clock import utc_now
from runtime.texts import written_moment

router = page_router()

MOST_PHOTOGRAPHS = 10
_BELIEVED = timedelta(days=31)
"""How far a phone's clock may be from ours."""
_SHOWN = frozenset({"image/jpeg", "image/png"})
_FIELDS = {"/note": "note", "/reason": "note", "/text": "note", "/standard_reason": "result", "/file": "photographs"}


class Photographed(GatewayAnswer):
    """The task after a photograph was handed in."""

    version: int


@dataclass(frozen=True)
class DoorFinding:
    """What an officer found: `approval`, `rejection` (each with a standard reason or without one) or `notes`."""

    deed: str
    reason: str
    words: str

    def body(self) -> dict[str, Json]:
        """Return it as the interface takes it."""
        name = {"approval": "note", "rejection": "reason", "notes": "text"}[self.deed]
        said = {"standard_reason": self.reason, name: self.words}
        return {key: value for key, value in said.items() if value}


@router.post("/doors/tasks/{task_id}/visit")
async def record(visit: Officer, form: Sent, task_id: str) -> Response:
    """Record a visit: the photographs first, then the result."""
    found = _finding(visit, form)
    if isinstance(found, GatewayProblem):
        return await _refused(visit, form, task_id, found)
    try:
        version = await _hand_in(visit, form, task_id)
        address = f"/v1/tasks/{path_of(task_id)}/{found.deed}"
        await visit.call.post(address, Nothing, found.body(), once=form.once, version=version)
    except CallRefused as refused:
        return await _refused(visit, form, task_id, refused.problem)
    if _asks_json(visit):
        return JSONResponse({"done": found.deed})
    back = f"tasks/{path_of(task_id)}" if found.deed == "notes" else ""
    return visit.go(f"/doors/{back}?done={found.deed}")


@router.post("/doors/tasks/{task_id}/photographs")
async def hand_in(visit: Officer, form: Sent, task_id: str) -> Response:
    """Hand in photographs alone."""
    try:
        version = await _hand_in(visit, form, task_id)
    except CallRefused as refused:
        return await _refused(visit, form, task_id, refused.problem)
    if _asks_json(visit):
        return JSONResponse({"version": version})
    return visit.go(f"/doors/tasks/{path_of(task_id)}?done=photographed")


@router.post("/doors/tasks/{task_id}/photographs/{photograph_id}/removal")
async def take_back(visit: Officer, form: Sent, task_id: str, photograph_id: str) -> Response:
    path = f"/v1/tasks/{path_of(task_id)}/photographs/{path_of(photograph_id)}"
    try:
        await visit.call.send("DELETE", path, version=form.text("version"))
    except CallRefused as refused:
        return await door_page(visit, task_id, refused.problem)
    return visit.go(f"/doors/tasks/{path_of(task_id)}?done=photograph-removed")


@router.get("/doors/tasks/{task_id}/photographs/{photograph_id}")
async def look(visit: Officer, task_id: str, photograph_id: str) -> Response:
    """Show a photograph of a door that one has in hand."""
    found = await visit.call.send("GET", f"/v1/tasks/{path_of(task_id)}/photographs/{path_of(photograph_id)}")
    kind = found.headers.get("content-type", "")
    if kind not in _SHOWN:
        raise HTTPException(404, photograph_id)
    return Response(found.content, media_type=kind, headers={"Content-Disposition": "inline"})


async def _hand_in(visit: PageVisit, form: Form, task_id: str) -> str:
    """Hand in the form's photographs one after the other; return the version that the task has then."""
    version = form.text("version")
    path = f"/v1/tasks/{path_of(task_id)}/photographs"
    for number, file in enumerate(form.uploads("photographs")[:MOST_PHOTOGRAPHS]):
        sent = (file.filename or "photograph", await file.read(), file.content_type or "application/octet-stream")
        kept = await visit.call.upload(path, Photographed, sent, {}, once=f"{form.once}-{number}", version=version)
        version = f'"{kept.version}"'
    return version


def _finding(visit: PageVisit, form: Form) -> DoorFinding | GatewayProblem:
    """Read what was found; return what is missing of it."""
    deed, _, reason = form.text("result").partition(":")
    words = form.text("note")
    if deed not in {"approval", "rejection", "notes"}:
        return _missing(visit, "result")
    if not reason and not words:
        return _missing(visit, "note")
    return DoorFinding(deed, reason, "\n".join(part for part in (words, _recorded_at(visit, form)) if part))


def _recorded_at(visit: PageVisit, form: Form) -> str:
    """Say when the phone recorded what could not be sent then; in Chinese, as part of what is kept."""
    try:
        at = datetime.fromisoformat(form.text("recorded_at"))
    except ValueError:
        return ""
    if at.tzinfo is None or abs(utc_now() - at) > _BELIEVED:
        return ""
    return visit.frame.texts.say("zh-CN", "doors.recorded-at", moment=written_moment("zh-CN", at))


def _missing(visit: PageVisit, field: str) -> GatewayProblem:
    fault = InputFault(pointer=f"#/{field}", detail=visit.t(f"doors.record.no-{field}"))
    return GatewayProblem(status=422, title=visit.t("frame.problem"), errors=(fault,))


async def _refused(visit: PageVisit, form: Form, task_id: str, problem: GatewayProblem) -> Response:
    """Tell why it was refused: a phone keeps what was recorded, the page shows it again beside what stands now."""
    if not _asks_json(visit):
        return await door_page(visit, task_id, problem, form, opened="visit", fields=_FIELDS)
    with suppress(Away, CallRefused):
        task = await visit.call.get(f"/v1/tasks/{path_of(task_id)}", DoorTask)
        problem = changed_hands(visit, task, problem)
    said = [problem.detail, problem.action]
    said += [part for fault in problem.errors for part in (fault.detail, fault.action)]
    text = " ".join(dict.fromkeys(part for part in said if part))
    return JSONResponse({"problem": visit.t("frame.pair", what=problem.title, text=text)}, problem.status)


def _asks_json(visit: PageVisit) -> bool:
    return "application/json" in visit.request.headers.get("accept", "")
