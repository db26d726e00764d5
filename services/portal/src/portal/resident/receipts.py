"""The receipt of an application, made for paper: the resident's own, or printed where they stand with the card."""

from __future__ import annotations

from datetime import date, datetime

from starlette.responses import Response

from portal.frame.calls import GatewayAnswer
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.resident.answers import OwnProof
from portal.resident.catalogue_answers import CatalogueNamed, CataloguePromise
from portal.resident.draft import address_of

router = page_router()


class ReceiptAnswer(GatewayAnswer):
    """A question and what was answered."""

    label: str
    value: str


class ReceiptDocument(GatewayAnswer):
    """A document, what proves it and since when."""

    any_of: tuple[CatalogueNamed, ...]
    holder_name: str
    standing_name: str
    proof: OwnProof | None
    proven_on: date | None
    scans: int


class ReceiptParty(GatewayAnswer):
    """The second party by role."""

    role: str
    name: str | None
    confirmed_on: date | None


class OwnReceipt(GatewayAnswer):
    """Everything that a page on paper says of an application."""

    number: str
    code: str
    inquiry_text: str
    item: CatalogueNamed
    department: CatalogueNamed
    applicant: str
    subject: str | None
    second_party: ReceiptParty | None
    submitted_at: datetime
    state_name: str
    promise: CataloguePromise
    due_text: str | None
    answers: tuple[ReceiptAnswer, ...]
    documents: tuple[ReceiptDocument, ...]
    issued_at: datetime


@router.get("/applications/{application_id}/receipt")
async def receipt(visit: Anybody, application_id: str) -> Response:
    """Show the receipt."""
    found = await visit.call.get(f"/v1/applications/{path_of(application_id)}/receipt", OwnReceipt)
    return visit.show(
        "resident/receipt.html", here="applications", receipt=found, address=address_of(visit, application_id)
    )
