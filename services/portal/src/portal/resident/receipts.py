"""The receipt of an application, made for paper: the resident's own, or printed where they stand with the card."""

from __future__ import annotations

from starlette.responses import Response

from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.resident.answers import OwnReceipt
from portal.resident.draft import address_of

router = page_router()


@router.get("/applications/{application_id}/receipt")
async def receipt(visit: Anybody, application_id: str) -> Response:
    """Show the receipt."""
    found = await visit.call.get(f"/v1/applications/{path_of(application_id)}/receipt", OwnReceipt)
    return visit.show(
        "resident/receipt.html", here="applications", receipt=found, address=address_of(visit, application_id)
    )
