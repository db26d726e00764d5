"""The catalogue as residents see it: searched, and each item with what one need not bring."""

from __future__ import annotations

from starlette.responses import Response

from portal.frame.place import router as page_router
from portal.frame.visits import Anybody
from portal.resident.answers import Items

router = page_router()

_LONGEST = 100


@router.get("/items")
async def search(visit: Anybody, q: str = "", cursor: str = "") -> Response:
    """Find items."""
    words = q.strip()[:_LONGEST]
    found = await visit.call.get("/v1/items", Items, q=words or None, cursor=cursor or None, limit=20)
    return visit.show("resident/items.html", here="items", q=words, found=found)
