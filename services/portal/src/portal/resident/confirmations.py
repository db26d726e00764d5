"""The second party: what somebody applied for, and my own confirmation of it, from a phone of my own."""

from __future__ import annotations

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from portal.resident.answers import Confirmations
from portal.resident.credentials import written
from portal.resident.visitors import Resident

router = page_router()


@router.get("/my/confirmations/{application_id}")
async def see(visit: Resident, application_id: str, ward: str = "") -> Response:
    """Show what is to be confirmed; of what is not, only that: who has the link need not be whom it was meant for."""
    return await _page(visit, application_id, ward)


async def _page(
    visit: PageVisit, application_id: str, ward: str, problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    waiting = await visit.call.get("/v1/confirmations", Confirmations, resident_id=ward or None, limit=100)
    found = next((each for each in waiting.items if each.application_id == application_id), None)
    return visit.show(
        "resident/confirmation.html",
        problem=problem,
        filled=form.filled if form else None,
        here="home",
        asked=found,
        application_id=application_id,
        ward=ward,
        said=lambda value: written(visit, value),
    )


@router.post("/my/confirmations/{application_id}")
async def answer(visit: Resident, form: Sent, application_id: str) -> Response:
    """Confirm, or decline."""
    ward, agrees = form.text("ward"), form.text("answer") == "confirm"
    said: dict[str, Json] = {"terms_sha256": form.text("terms")} if agrees else {"reason": form.text("reason") or None}
    body: dict[str, Json] = {"agrees": agrees, **said, **({"resident_id": ward} if ward else {})}
    try:
        path = f"/v1/applications/{path_of(application_id)}/confirmation"
        await visit.call.post(path, Nothing, body, once=form.once)
    except CallRefused as refused:
        return await _page(visit, application_id, ward, refused.problem, form)
    return visit.go(f"/?done={'confirmed' if agrees else 'declined'}")
