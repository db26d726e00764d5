"""Applying for the person who stands at the window: the card is read, and for a while the clerk types for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnApplication, Standing
from portal.resident.offer import may_get
from portal.resident.visitors import standing_of
from portal.window import cards
from portal.window.registration import Clerk

ROOT = "/window/visits"

router = page_router()
"""Reading the card."""
inside = page_router()
"""What a visit offers; included below its address."""


async def with_the_card(visit: Clerk, presence_id: str) -> None:
    """Say during which visit, of whom, this is."""
    visit.presence, visit.base = presence_id, f"{ROOT}/{path_of(presence_id)}"


@router.get(ROOT)
async def ask(visit: Clerk) -> Response:
    """Ask for the card."""
    return _card(visit, visit.filled)


@router.post(ROOT)
async def begin(visit: Clerk, form: Sent) -> Response:
    """Begin the visit of the person whose card was read, or typed."""
    filled, body = form.filled, cards.body(form)
    if (card := cards.read(visit, form)) is not None:
        filled, problem = card
        if problem is not None:
            return _card(visit, filled, problem)
        body = cards.body(Form({name: [value] for name, value in filled.items()}))
    try:
        standing = await visit.call.post("/v1/presences", Standing, body, once=form.once)
    except CallRefused as refused:
        return _card(visit, filled, refused.problem)
    return visit.go(f"{ROOT}/{path_of(standing.presence_id)}")


def _card(visit: PageVisit, filled: Mapping[str, str], problem: GatewayProblem | None = None) -> Response:
    return visit.show(
        "window/visit-card.html",
        here="applications",
        problem=problem,
        filled=filled,
        compares=cards.asks_to_compare(problem, filled),
    )


@inside.get("")
async def see(visit: Anybody) -> Response:
    """Show who stands there, and what they may get."""
    standing, judged = await asyncio.gather(standing_of(visit), visit.part(may_get(visit)))
    return visit.show("window/visit.html", here="applications", standing=standing, judged=judged)


@inside.get("/applications/{application_id}")
async def see_application(visit: Anybody, application_id: str) -> Response:
    """Show what was made for the person; a draft is gone on with."""
    found = await visit.call.get(f"/v1/applications/{path_of(application_id)}", OwnApplication)
    address = f"{visit.base}/applications/{path_of(application_id)}"
    if found.state == "draft":
        return visit.go(f"{address}/next")
    return visit.show("window/visit-application.html", here="applications", application=found, address=address)


@inside.post("/end")
async def end(visit: Anybody, form: Sent) -> Response:
    """The person has gone."""
    await visit.call.post(f"/v1/presences/{path_of(visit.presence)}/end", Nothing, once=form.once)
    return visit.go(f"{ROOT}?done=visit-ended")
