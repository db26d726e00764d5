"""Applications under way and decided: where each is, what is to be corrected, the receipt, how it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import segno
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnApplication, OwnApplications, Timeline
from portal.resident.door_visits import OwnVisit, visits_of
from portal.resident.visitors import Resident, wards_of

router = page_router()

ENDED = frozenset({"approved", "rejected", "withdrawn"})


@router.get("/my/applications")
async def list_own(visit: Resident, ward: str = "", cursor: str = "") -> Response:
    """List one's own applications, or a child's."""
    found, wards = await asyncio.gather(
        visit.call.get("/v1/applications", OwnApplications, applicant=ward or None, cursor=cursor or None, limit=20),
        visit.part(wards_of(visit)),
    )
    return visit.show(
        "resident/applications.html",
        here="applications",
        found=found,
        wards=wards or (),
        ward=ward,
        older=f"/my/applications{query(ward=ward, cursor=found.next)}" if found.next else "",
    )


@router.get("/my/applications/{application_id}")
async def see(visit: Resident, application_id: str) -> Response:
    """Show an application; a draft is gone on with."""
    return await _page(visit, application_id)


async def _page(
    visit: PageVisit, application_id: str, problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    path = f"/v1/applications/{path_of(application_id)}"
    application, timeline, visits = await asyncio.gather(
        visit.call.get(path, OwnApplication),
        visit.part(visit.call.get(f"{path}/timeline", Timeline)),
        visit.part(_visits(visit, application_id)),
    )
    if application.state == "draft":
        return visit.go(f"/my/applications/{path_of(application_id)}/next")
    link = f"{visit.home}/my/confirmations/{path_of(application_id)}"
    return visit.show(
        "resident/application.html",
        problem=problem,
        filled=form.filled if form else None,
        here="applications",
        application=application,
        timeline=timeline,
        visits=visits or (),
        address=f"/my/applications/{path_of(application_id)}",
        has_ended=application.state in ENDED,
        link=link,
        code=_drawn(link) if application.second_party else "",
    )


def _drawn(link: str) -> str:
    """Draw a link as a QR code that another phone reads."""
    drawn: str = segno.make_qr(link, error="m").svg_inline(
        light="#fff", svgclass="y-code", lineclass=None, omitsize=True
    )
    return drawn


@router.get("/my/applications/{application_id}/progress")
async def progress(visit: Resident, application_id: str) -> Response:
    """Show where it stands now: the part of the page that moves by itself."""
    timeline, visits = await asyncio.gather(
        visit.call.get(f"/v1/applications/{path_of(application_id)}/timeline", Timeline),
        visit.part(_visits(visit, application_id)),
    )
    result = f"/my/applications/{path_of(application_id)}" if _waits_for(timeline.state) else ""
    return visit.show("resident/progress.html", timeline=timeline, visits=visits or (), result=result)


async def _visits(visit: PageVisit, application_id: str) -> list[OwnVisit]:
    """Return the visits at the door that the application waits for."""
    return [each for each in (await visits_of(visit)).visits if each.application_id == application_id]


def _waits_for(state: str) -> bool:
    """Tell whether there is something to see or to do that the page, opened before, does not have."""
    return state in {"approved", "rejected", "returned"}


@router.get("/my/applications/{application_id}/credential")
async def credential(visit: Resident, application_id: str) -> Response:
    """Show where the granted credential is, or ask again: a part of a page opened before it was stored."""
    application = await visit.call.get(f"/v1/applications/{path_of(application_id)}", OwnApplication)
    return visit.show(
        "resident/stored.html", application=application, address=f"/my/applications/{path_of(application_id)}"
    )


@router.get("/my/applications/{application_id}/stream")
async def stream(visit: Resident, request: Request, application_id: str) -> Response:
    """Tell the page that something has moved; what it is, the page asks for itself. Ends when nothing more can."""
    following = visit.call.stream(f"/v1/applications/{path_of(application_id)}/stream")
    source = await following.__aenter__()

    async def told() -> AsyncIterator[bytes]:
        is_progress = False
        try:
            async for line in source.aiter_lines():
                if await request.is_disconnected():
                    break
                if line.startswith("event:"):
                    is_progress = "progress" in line
                yield b"data: moved\n" if is_progress and line.startswith("data:") else f"{line}\n".encode()
        except httpx2.TransportError:
            return  # cut: the browser asks again
        finally:
            await following.__aexit__(None, None, None)

    return StreamingResponse(told(), source.status_code, media_type="text/event-stream")


@router.post("/my/applications/{application_id}/resubmission")
async def send_again(visit: Resident, form: Sent, application_id: str) -> Response:
    """Send a returned application once more."""
    path = f"/v1/applications/{path_of(application_id)}/submission"
    try:
        await visit.call.post(path, Nothing, once=form.once, version=f'"{form.text("version")}"')
    except CallRefused as refused:
        return await _page(visit, application_id, refused.problem, form)
    return visit.go(f"/my/applications/{path_of(application_id)}?done=submitted")


@router.get("/my/applications/{application_id}/withdrawal")
async def ask_withdrawal(visit: Resident, application_id: str) -> Response:
    """Ask whether it is really to be withdrawn."""
    return await _withdrawal(visit, application_id)


async def _withdrawal(
    visit: PageVisit, application_id: str, problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    application = await visit.call.get(f"/v1/applications/{path_of(application_id)}", OwnApplication)
    if problem is None and application.state in ENDED:
        return visit.go(f"/my/applications/{path_of(application_id)}")
    return visit.show(
        "resident/withdrawal.html",
        problem=problem,
        has_ended=application.state in ENDED,
        filled=form.filled if form else None,
        here="applications",
        application=application,
        address=f"/my/applications/{path_of(application_id)}",
    )


@router.post("/my/applications/{application_id}/withdrawal")
async def withdraw(visit: Resident, form: Sent, application_id: str) -> Response:
    body: dict[str, Json] = {"reason": form.text("reason") or None}
    try:
        await visit.call.post(f"/v1/applications/{path_of(application_id)}/withdrawal", Nothing, body, once=form.once)
    except CallRefused as refused:
        return await _withdrawal(visit, application_id, refused.problem, form)
    return visit.go(f"/my/applications/{path_of(application_id)}?done=withdrawn")


@router.post("/my/applications/{application_id}/satisfaction")
async def rate(visit: Resident, form: Sent, application_id: str) -> Response:
    """Say how satisfied one was."""
    score = form.text("score")
    body: dict[str, Json] = {
        "score": int(score) if score in {"1", "2", "3", "4", "5"} else None,
        "comment": form.text("comment") or None,
    }
    path = f"/v1/applications/{path_of(application_id)}/satisfaction"
    try:
        await visit.call.post(path, Nothing, body, once=form.once)
    except CallRefused as refused:
        return await _page(visit, application_id, refused.problem, form)
    return visit.go(f"/my/applications/{path_of(application_id)}?done=rated")
