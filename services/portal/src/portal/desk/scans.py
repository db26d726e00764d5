"""Scans of the document that one has in hand: shown, turned and enlarged, beside what they are compared with."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.desk.answers import DeskTask
from portal.desk.filters import Filter
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Reviewer

router = page_router()

TURNS = (0, 90, 180, 270)
ZOOMS = (100, 150, 200, 300)
_SHOWN = frozenset({"image/jpeg", "image/png", "application/pdf"})


@router.get("/desk/tasks/{task_id}/scans/{scan_id}/content")
async def content(visit: Reviewer, task_id: str, scan_id: str) -> Response:
    """Send a scan. The applicant reads that it was looked at for the review of the document."""
    task = await visit.call.get(f"/v1/tasks/{path_of(task_id)}", DeskTask)
    path = f"/v1/applications/{path_of(task.application_id)}/scans/{path_of(scan_id)}"
    found = await visit.call.send(
        "GET", path, query={"purpose": visit.frame.texts.say("zh-CN", "frame.purposes.review")}
    )
    kind = found.headers.get("content-type", "")
    if kind not in _SHOWN:
        raise HTTPException(404, scan_id)
    return Response(found.content, media_type=kind, headers={"Content-Disposition": "inline"})


@router.get("/desk/tasks/{task_id}/scans/{scan_id}")
async def view(
    visit: Reviewer, task_id: str, scan_id: str, turn: int = 0, zoom: int = 100, queue: str = ""
) -> Response:
    """Show a scan by itself, turned and enlarged as is asked."""
    task = await visit.call.get(f"/v1/tasks/{path_of(task_id)}", DeskTask)
    scans = task.document.scans if task.document else ()
    scan = next((each for each in scans if each.scan_id == scan_id), None)
    if scan is None:
        raise HTTPException(404, scan_id)
    return visit.show(
        "desk/scan.html",
        here="tasks",
        task=task,
        scan=scan,
        scans=scans,
        turn=turn if turn in TURNS else 0,
        zoom=zoom if zoom in ZOOMS else ZOOMS[0],
        zooms=ZOOMS,
        queue=Filter.read(queue),
    )
