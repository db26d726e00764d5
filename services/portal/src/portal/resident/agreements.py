"""What two people signed, each on a phone of their own: the terms, who signed when, and the evidence to keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.frame.calls import GatewayAnswer
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit
from portal.resident.catalogue_answers import CatalogueItem, Question, Value
from portal.resident.credentials import written
from portal.resident.visitors import Resident

router = page_router()


class AgreementTerms(GatewayAnswer):
    """What was agreed; `statement` is what the second party stated, by language."""

    reference: str
    item: str
    statement: Mapping[str, str]
    form: Mapping[str, Value]


class OwnSignature(GatewayAnswer):
    """Who has signed, when; `guardian` is who did so for a child."""

    name: str
    guardian: str | None
    at: datetime


class OwnAgreement(GatewayAnswer):
    """The terms, who signed them, and the evidence once both have."""

    terms: AgreementTerms
    signatures: tuple[OwnSignature, ...]
    evidence: str | None


@router.get("/my/agreements/{application_id}")
async def see(visit: Resident, application_id: str) -> Response:
    """Show what was agreed, and who signed it."""
    agreement = await _agreement(visit, application_id)
    item = await visit.call.get_public(f"/v1/items/{path_of(agreement.terms.item)}", CatalogueItem)
    answers = [
        (each.label, _said(visit, each, agreement.terms.form[each.key]))
        for each in item.form
        if agreement.terms.form.get(each.key) not in (None, "", [])
    ]
    return visit.show(
        "resident/agreement.html",
        here="applications",
        agreement=agreement,
        item=item,
        answers=answers,
        statement=agreement.terms.statement.get(visit.language, ""),
        file=f"/my/agreements/{path_of(application_id)}/file",
    )


@router.get("/my/agreements/{application_id}/file")
async def take(visit: Resident, application_id: str) -> Response:
    """Hand out the evidence, which anybody can verify who has the district's keys."""
    agreement = await _agreement(visit, application_id)
    if agreement.evidence is None:
        raise HTTPException(404, application_id)
    headers = {"Content-Disposition": f'attachment; filename="{path_of(agreement.terms.reference)}.jws"'}
    return Response(agreement.evidence, media_type="application/jose", headers=headers)


async def _agreement(visit: PageVisit, application_id: str) -> OwnAgreement:
    return await visit.call.get(f"/v1/applications/{path_of(application_id)}/agreement", OwnAgreement)


def _said(visit: PageVisit, question: Question, value: Value) -> str:
    return next((each.label for each in question.choices if each.value == value), written(visit, value))
