"""Looking a person up for a stated purpose, and what may be done with the record then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from starlette.responses import Response

from portal.frame import formats
from portal.frame.calls import CallRefused, GatewayAnswer, GatewayProblem, Json, Nothing
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visits import PageVisit
from portal.window import cards
from portal.window.registration import Clerk
from portal.window.residents import WindowResident, rows
from runtime.texts import DEFAULT

router = page_router()

Standing = Literal["suspension", "reinstatement"]

PURPOSES = ("application", "card", "guardianship", "correction", "question")


class WindowWard(GatewayAnswer):
    """A child for whom the person may act."""

    guardianship_id: str
    name: str
    relation: str
    ends_on: date


class WindowWards(GatewayAnswer):
    """The first of them."""

    items: tuple[WindowWard, ...]


class WindowStep(GatewayAnswer):
    """Something that was done with the record."""

    text: str
    at: datetime
    reason: str | None


class Steps(GatewayAnswer):
    """The first of them."""

    items: tuple[WindowStep, ...]


@router.get("/window/look-up")
async def ask(visit: Clerk) -> Response:
    """Ask for the number, and for the purpose that the person will read."""
    return _ask(visit, visit.filled)


def _ask(visit: PageVisit, filled: Mapping[str, str], problem: GatewayProblem | None = None) -> Response:
    purposes = [("", visit.t("window.look-up.choose")), *((key, visit.t(f"frame.purposes.{key}")) for key in PURPOSES)]
    return visit.show("window/look-up.html", here="look-up", problem=problem, filled=filled, purposes=purposes)


@router.post("/window/look-up")
async def look_up(visit: Clerk, form: Sent) -> Response:
    """Show who has a number."""
    chosen = form.text("kind")
    purpose = form.text("purpose")
    if not purpose and chosen in PURPOSES:
        purpose = visit.frame.texts.say(DEFAULT, f"frame.purposes.{chosen}")
    body: dict[str, Json] = {"number": form.text("number"), "purpose": purpose}
    try:
        sent = await visit.call.send("POST", "/v1/lookups", body=body, once=form.once)
    except CallRefused as refused:
        return _ask(visit, form.filled, refused.problem)
    return _shown(visit, WindowResident.model_validate_json(sent.content), sent.headers.get("etag", ""), purpose)


@router.get("/window/residents/{resident_id}")
async def see(visit: Clerk, resident_id: str, purpose: str = "") -> Response:
    """Show a person again, for the same purpose."""
    return await _see(visit, resident_id, purpose)


async def _see(visit: PageVisit, resident_id: str, purpose: str, problem: GatewayProblem | None = None) -> Response:
    path = f"/v1/residents/{path_of(resident_id)}"
    sent = await visit.call.send("GET", path, query={"purpose": purpose or None})
    resident = WindowResident.model_validate_json(sent.content)
    return _shown(visit, resident, sent.headers.get("etag", ""), purpose, problem)


def _shown(
    visit: PageVisit, resident: WindowResident, version: str, purpose: str, problem: GatewayProblem | None = None
) -> Response:
    return visit.show(
        "window/resident.html",
        here="look-up",
        problem=problem,
        resident=resident,
        rows=rows(visit, resident),
        version=version,
        purpose=purpose,
        stated=formats.purpose(purpose, visit.frame.texts, visit.language),
        address=f"/window/residents/{path_of(resident.resident_id)}",
    )


@router.get("/window/residents/{resident_id}/card")
async def read_card(visit: Clerk, resident_id: str, community: str = "", purpose: str = "") -> Response:
    """Ask for the new card, or for the community after a move."""
    return _card(visit, resident_id, purpose or visit.filled.get("for", ""), {"community": community, **visit.filled})


@router.post("/window/residents/{resident_id}/card")
async def renew_card(visit: Clerk, form: Sent, resident_id: str) -> Response:
    """Fill the form with the card that was read; or take over the card and the community."""
    purpose = form.text("for")
    if (card := cards.read(visit, form)) is not None:
        return _card(visit, resident_id, purpose, *card)
    body = {**cards.body(form), "community": form.text("community") or None}
    try:
        await visit.call.post(f"/v1/residents/{path_of(resident_id)}/card", Nothing, body, once=form.once)
    except CallRefused as refused:
        return _card(visit, resident_id, purpose, form.filled, refused.problem)
    return visit.go(f"/window/residents/{path_of(resident_id)}{query(purpose=purpose, done='renewed')}")


def _card(
    visit: PageVisit, resident_id: str, purpose: str, filled: Mapping[str, str], problem: GatewayProblem | None = None
) -> Response:
    return visit.show(
        "window/card.html",
        here="look-up",
        problem=problem,
        filled=filled,
        offices=cards.offices(visit),
        compares=cards.asks_to_compare(problem, filled),
        purpose=purpose,
        address=f"/window/residents/{path_of(resident_id)}",
    )


@router.get("/window/residents/{resident_id}/history")
async def see_history(visit: Clerk, resident_id: str, purpose: str = "") -> Response:
    """Show what was done with the record, and the children for whom the person may act."""
    return await _history(visit, resident_id, purpose)


async def _history(
    visit: PageVisit, resident_id: str, purpose: str, problem: GatewayProblem | None = None, field: str = ""
) -> Response:
    path = f"/v1/residents/{path_of(resident_id)}"
    steps, wards = await asyncio.gather(
        visit.call.get(f"{path}/history", Steps, purpose=purpose or None, limit=100),
        visit.call.get(f"{path}/wards", WindowWards, purpose=purpose or None, limit=50),
    )
    return visit.show(
        "window/history.html",
        here="look-up",
        problem=problem,
        fields={"/reason": field},
        steps=steps.items,
        wards=wards.items,
        purpose=purpose,
        address=f"/window/residents/{path_of(resident_id)}",
    )


@router.post("/window/residents/{resident_id}/guardianships/{guardianship_id}")
async def end_guardianship(visit: Clerk, form: Sent, resident_id: str, guardianship_id: str) -> Response:
    """Stop the guardian from acting for the child."""
    purpose, field = form.text("for"), form.text("field")
    body: dict[str, Json] = {"reason": form.text(field)}
    try:
        path = f"/v1/guardianships/{path_of(guardianship_id)}/end"
        await visit.call.post(path, Nothing, body, once=form.once)
    except CallRefused as refused:
        visit.filled = form.filled
        return await _history(visit, resident_id, purpose, refused.problem, field)
    address = f"/window/residents/{path_of(resident_id)}/history"
    return visit.go(f"{address}{query(purpose=purpose, done='guardianship-ended')}")


@router.get("/window/residents/{resident_id}/guardianships/{guardianship_id}")
async def see_history_again(visit: Clerk, resident_id: str) -> Response:
    """Show the history with what was typed before the sign-in ended; without that, the number is asked for."""
    if not (purpose := visit.filled.get("for", "")):
        return visit.go("/window/look-up")
    return await _history(visit, resident_id, purpose)


@router.post("/window/residents/{resident_id}/{what}")
async def suspend_or_reinstate(visit: Clerk, form: Sent, resident_id: str, what: Standing) -> Response:
    """Stop a person's applications and matches, or let them go on."""
    purpose = form.text("for")
    path = f"/v1/residents/{path_of(resident_id)}/{what}"
    body: dict[str, Json] = {"reason": form.text("reason")}
    try:
        await visit.call.post(path, Nothing, body, once=form.once, version=form.text("version"))
    except CallRefused as refused:
        visit.filled = form.filled
        return await _see(visit, resident_id, purpose, refused.problem)
    return visit.go(f"/window/residents/{path_of(resident_id)}{query(purpose=purpose, done=what)}")


@router.get("/window/residents/{resident_id}/{what}")
async def see_again(visit: Clerk, resident_id: str) -> Response:
    """Show the person with what was typed before the sign-in ended; without that, the number is asked for."""
    if not (purpose := visit.filled.get("for", "")):
        return visit.go("/window/look-up")
    return await _see(visit, resident_id, purpose)
