"""Applying for the person who stands there with the card: items, what they may get, and where an application begins.

A clerk's window and a terminal include this beside the pages of `drafts` and `receipts`.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from starlette.responses import Response

from portal.frame.calls import CallRefused
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.resident.catalogue_answers import EligibilityOfAll, Items, Judged
from portal.resident.items import LONGEST, begin_application, start_page
from portal.resident.visitors import standing_of

router = page_router()

_NEW = "presence-unknown"
"""What a service answers that has not heard of the visit yet."""
_PATIENCE, _PAUSE = 4.0, 0.2
"""Seconds until a service has heard of a visit that has just begun."""
_MAY_NOT = "may-not"


@router.get("/items")
async def offer(visit: Anybody, q: str = "", ward: str = "") -> Response:
    """Show what the person may get, for themselves or a child; with words, what is found by them."""
    words = q.strip()[:LONGEST]
    standing, judged, found = await asyncio.gather(
        standing_of(visit), visit.part(may_get(visit, ward)), visit.part(_found(visit, words))
    )
    return visit.show(
        "resident/offer.html", here="applications", standing=standing, ward=ward, q=words, found=found, judged=judged
    )


@router.get("/items/{code}")
async def start(visit: Anybody, code: str, ward: str = "") -> Response:
    """Show an item: what it is, and what this person need not bring."""
    return await start_page(visit, code, ward)


@router.post("/items/{code}/application")
async def begin(visit: Anybody, form: Sent, code: str) -> Response:
    """Begin an application for the person."""
    return await begin_application(visit, form, code)


async def may_get(visit: PageVisit, ward: str = "") -> tuple[Judged, ...]:
    """Return what the person may get now or later, last what must be applied for elsewhere.

    Just after the card was read it is waited for a moment.

    Raises Refused, Away.
    """
    until = monotonic() + _PATIENCE
    while True:
        try:
            judged = await visit.call.get("/v1/eligibility", EligibilityOfAll, subject_id=ward or None)
        except CallRefused as refused:
            if refused.problem.code != _NEW or monotonic() > until:
                raise
            await asyncio.sleep(_PAUSE)
        else:
            found = (each for each in judged.items if each.verdict != _MAY_NOT)
            return tuple(sorted(found, key=lambda each: each.second_party is not None))


async def _found(visit: PageVisit, words: str) -> Items | None:
    return await visit.call.get("/v1/items", Items, q=words, limit=20) if words else None
