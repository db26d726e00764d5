"""/v1/applications/{id}/agreement: what both parties agreed on, as evidence for either of them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel

from applications.api.parts import ApplicationId, DepsOf, Resident
from applications.domain.agreement import Agreement, Side
from applications.handlers import agreeing
from runtime import web

router = APIRouter(prefix="/applications/{application_id}/agreement", tags=["confirmations"])


class SignedView(BaseModel):
    """Who has signed, when. By which sign-in stands in the evidence."""

    party: Side
    name: str
    at: datetime


class AgreementView(BaseModel):
    """The terms, their hash, and the evidence (a JWS) once both have signed: whoever is given it can verify it."""

    application_id: str
    terms: dict[str, object]
    terms_sha256: str
    signatures: list[SignedView]
    evidence: str | None

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        """Show it."""
        agreed = agreement.current
        return cls(
            application_id=agreement.id,
            terms=agreed.terms.model_dump(mode="json"),
            terms_sha256=agreed.terms.digest,
            signatures=[SignedView(party=each.party, name=each.name, at=each.at) for each in agreed.signatures],
            evidence=agreed.evidence,
        )


@router.get("", summary="Read what both parties agreed on", response_model=AgreementView)
async def read(application_id: ApplicationId, by: Resident, deps: DepsOf, commit: web.Commit) -> Response:
    """Give either party the terms and, once both have signed, the evidence; the other one can read who looked."""
    return await commit(lambda: agreeing.read(application_id, by, deps), AgreementView.of, only_looks=True)
