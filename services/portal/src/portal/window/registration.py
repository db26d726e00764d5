"""Registering whoever stands there with the original card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.visitors import signed_in
from portal.frame.visits import PageVisit
from portal.window import cards
from portal.window.residents import WindowResident, rows
from web.auth import Role

router = page_router()

Clerk = Annotated[PageVisit, signed_in(Role.CLERK)]
_CREATED = 201


@router.get("/window/")
async def begin(visit: Clerk, community: str = "") -> Response:
    """Show the form; the community of the person before is chosen already."""
    return _form(visit, {"community": community, **visit.filled})


@router.post("/window/")
async def register(visit: Clerk, form: Sent) -> Response:
    """Fill the form with the card that was read; or register the person."""
    if (card := cards.read(visit, form)) is not None:
        return _form(visit, *card)
    body = {**cards.body(form), "channel": "window", "community": form.text("community")}
    try:
        sent = await visit.call.send("POST", "/v1/residents", body=body, once=form.once)
    except CallRefused as refused:
        return _form(visit, form.filled, refused.problem)
    resident = WindowResident.model_validate_json(sent.content)
    return visit.show(
        "window/registered.html",
        here="register",
        resident=resident,
        rows=rows(visit, resident),
        is_new=sent.status_code == _CREATED,
    )


def _form(visit: PageVisit, filled: Mapping[str, str], problem: GatewayProblem | None = None) -> Response:
    return visit.show(
        "window/register.html",
        here="register",
        problem=problem,
        filled=filled,
        offices=cards.offices(visit),
        compares=cards.asks_to_compare(problem, filled),
    )
