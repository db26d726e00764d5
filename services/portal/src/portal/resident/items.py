"""The catalogue as residents see it: searched; each item with what one need not bring; where applications begin."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.responses import Response

from portal.frame.calls import Away, CallRefused, GatewayProblem, Json
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.resident.answers import OwnApplication, OwnApplications, OwnApplicationSummary, OwnWard
from portal.resident.catalogue_answers import CatalogueItem, Eligibility, Items
from portal.resident.visitors import OWN, Resident, catalogue_of, may_apply, wards_of

router = page_router()

LONGEST = 100
"""Characters of what is searched for."""


@router.get("/items")
async def search(visit: Anybody, q: str = "", cursor: str = "") -> Response:
    """Find items."""
    words = q.strip()[:LONGEST]
    public = visit.frame.found if words else visit.frame.public
    call = replace(visit.call, public=public)
    found = await call.get_public("/v1/items", Items, q=words or None, cursor=cursor or None, limit=20)
    return visit.show("resident/items.html", here="items", q=words, found=found)


@router.get("/items/{code}")
async def start(visit: Anybody, code: str, ward: str = "") -> Response:
    """Show an item: what it is, how long it takes, what comes of it, and what this person need not bring."""
    if may_apply(visit):
        return await start_page(visit, code, ward)
    item = await visit.call.get_public(f"/v1/items/{path_of(code)}", CatalogueItem)
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
    visit: PageVisit, code: str, ward: str, problem: GatewayProblem | None = None, form: Form | None = None
) -> Response:
    """Show an item to somebody in particular, or for the person who stands there."""
    item, eligibility, wards, begun = await asyncio.gather(
        visit.call.get_public(f"/v1/items/{path_of(code)}", CatalogueItem),
        visit.part(_eligibility(visit, code, ward)),
        visit.part(wards_of(visit)),
        visit.part(_begun(visit, code, ward)),
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
        begun=begun,
        applications=f"{visit.base or OWN}/applications",
        catalogue=catalogue_of(visit),
        address=f"{catalogue_of(visit)}{address_of(code)}",
    )


@router.post("/items/{code}/application")
async def begin(visit: Resident, form: Sent, code: str) -> Response:
    """Begin an application of one's own."""
    visit.base = OWN
    return await begin_application(visit, form, code)


async def begin_application(visit: PageVisit, form: Form, code: str) -> Response:
    """Begin an application, or go on with the one that was begun, unless another is asked for.

    The second party's number is asked for here: it can't be added afterwards.
    """
    body: dict[str, Json] = {"item": code, "form": {}}
    if ward := form.text("ward"):
        body["subject_id"] = ward
    number = form.text("second_party_number")
    if not form.text("another") and (begun := await _begun(visit, code, ward)):
        if number:  # perhaps of another than in the one that was begun: the page asks which is meant
            return await start_page(visit, code, ward, form=form)
        return visit.go(f"{visit.base}/applications/{path_of(begun.application_id)}/next")
    if number:
        body["second_party_number"] = number
    try:
        made = await visit.call.post("/v1/applications", OwnApplication, body, once=form.once)
    except CallRefused as refused:
        return await start_page(visit, code, ward, refused.problem, form)
    return visit.go(f"{visit.base}/applications/{path_of(made.application_id)}/next")


async def _begun(visit: PageVisit, code: str, ward: str) -> OwnApplicationSummary | None:
    """Return the latest application for an item, for the person or a child, that was begun and not sent."""
    try:
        found = await visit.call.get("/v1/applications", OwnApplications, item=code, state="draft", limit=20)
    except CallRefused:  # what there is to say about it, the item's own rules say
        return None
    own = (each for each in found.items if each.state == "draft" and (not ward or each.subject.resident_id == ward))
    return next(own, None)


async def _eligibility(visit: PageVisit, code: str, ward: str) -> Eligibility | None:
    """Ask whether the person may apply; None where they are not known to the service yet, which the page can bear."""
    try:
        return await visit.call.get(f"/v1/items/{path_of(code)}/eligibility", Eligibility, subject_id=ward or None)
    except CallRefused as refused:
        if refused.problem.code == "not-registered":
            raise Away(code) from refused
        raise


def _named(wards: tuple[OwnWard, ...], ward: str) -> str:
    return next((each.name for each in wards if each.child_id == ward), "")


def address_of(code: str, ward: str = "") -> str:
    """Return the address of an item's start page."""
    return f"/items/{path_of(code)}{query(ward=ward)}"
