"""The catalogue as residents see it: searched; each item with what one need not bring; where applications begin."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from portal.frame.calls import Away, Json, Problem, Refused
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.rendering import path_of, query
from portal.frame.visits import Anybody, Visit
from portal.resident.answers import Application, Ward
from portal.resident.catalogue_answers import Eligibility, Item, Items
from portal.resident.visitors import OWN, Resident, catalogue_of, may_apply, wards_of

router = page_router()

LONGEST = 100
"""Characters of what is searched for."""


@router.get("/items")
async def search(visit: Anybody, q: str = "", cursor: str = "") -> Response:
    """Find items."""
    words = q.strip()[:LONGEST]
    read = visit.call.get if words else visit.call.get_public  # what somebody looks for is not kept
    found = await read("/v1/items", Items, q=words or None, cursor=cursor or None, limit=20)
    return visit.show("resident/items.html", here="items", q=words, found=found)


@router.get("/items/{code}")
async def start(visit: Anybody, code: str, ward: str = "") -> Response:
    """Show an item: what it is, how long it takes, what comes of it, and what this person need not bring."""
    if may_apply(visit):
        return await start_page(visit, code, ward)
    item = await visit.call.get_public(f"/v1/items/{path_of(code)}", Item)
    return visit.show(
        "resident/item.html",
        here="items",
        item=item,
        eligibility=None,
        wards=(),
        ward="",
        catalogue="",
        address=address_of(code),
    )


async def start_page(
    visit: Visit, code: str, ward: str, problem: Problem | None = None, form: Form | None = None
) -> Response:
    """Show an item to somebody in particular, or for the person who stands there."""
    item, eligibility, wards = await asyncio.gather(
        visit.call.get_public(f"/v1/items/{path_of(code)}", Item),
        visit.part(_eligibility(visit, code, ward)),
        visit.part(wards_of(visit)),
    )
    if item.subject == "child" and not ward and wards and len(wards) == 1 and problem is None:
        return visit.go(f"{catalogue_of(visit)}{address_of(code, wards[0].child_id)}")
    return visit.show(
        "resident/item.html",
        problem=problem,
        filled=form.filled if form else None,
        here="items",
        item=item,
        eligibility=eligibility,
        wards=wards or (),
        ward=ward,
        child=_named(wards or (), ward),
        catalogue=catalogue_of(visit),
        address=f"{catalogue_of(visit)}{address_of(code)}",
    )


@router.post("/items/{code}/application")
async def begin(visit: Resident, form: Sent, code: str) -> Response:
    """Begin an application of one's own."""
    visit.base = OWN
    return await begin_application(visit, form, code)


async def begin_application(visit: Visit, form: Form, code: str) -> Response:
    """Begin an application. The second party's number is asked for here: it can't be added afterwards."""
    body: dict[str, Json] = {"item": code, "form": {}}
    if ward := form.text("ward"):
        body["subject_id"] = ward
    if number := form.text("second_party_number"):
        body["second_party_number"] = number
    try:
        made = await visit.call.post("/v1/applications", Application, body, once=form.once)
    except Refused as refused:
        return await start_page(visit, code, ward, refused.problem, form)
    return visit.go(f"{visit.base}/applications/{path_of(made.application_id)}/next")


async def _eligibility(visit: Visit, code: str, ward: str) -> Eligibility | None:
    """Ask whether the person may apply; None where they are not known to the service yet, which the page can bear."""
    try:
        return await visit.call.get(f"/v1/items/{path_of(code)}/eligibility", Eligibility, subject_id=ward or None)
    except Refused as refused:
        if refused.problem.code == "not-registered":
            raise Away(code) from refused
        raise


def _named(wards: tuple[Ward, ...], ward: str) -> str:
    return next((each.name for each in wards if each.child_id == ward), "")


def address_of(code: str, ward: str = "") -> str:
    """Return the address of an item's start page."""
    return f"/items/{path_of(code)}{query(ward=ward)}"
