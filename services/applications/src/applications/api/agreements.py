"""/v1/applications/{id}/agreement: what both parties agreed on, as evidence for either of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from applications.api.parts import ApplicationId, DepsOf
from applications.domain.agreement import Agreement, Side, Signature
from applications.handlers import signed_agreements
from web import routes
from web.auth import Principal, Role, allow

router = APIRouter(prefix="/applications/{application_id}/agreement", tags=["confirmations"])


class SignedView(BaseModel):
    """Who has signed, when; `guardian` is who did so for a child. By which sign-in stands in the evidence."""

    party: Side
    name: str
    guardian: str | None
    at: datetime

    @classmethod
    def of(cls, signed: Signature) -> Self:
        guardian = signed.guardian.name if signed.guardian else None
        return cls(party=signed.party, name=signed.name, guardian=guardian, at=signed.at)


class AgreementView(BaseModel):
    """The terms, their hash, and the evidence (a JWS) once both have signed: whoever is given it can verify it."""

    application_id: str
    terms: dict[str, object]
    terms_sha256: str
    signatures: list[SignedView]
    evidence: str | None

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        agreed = agreement.current
        return cls(
            application_id=agreement.id,
            terms=agreed.terms.model_dump(mode="json"),
            terms_sha256=agreed.terms.digest,
            signatures=[SignedView.of(each) for each in agreed.signatures],
            evidence=agreed.evidence,
        )


@router.get("", summary="Read what both parties agreed on", response_model=AgreementView)
async def read(
    application_id: ApplicationId,
    by: Annotated[Principal, allow(Role.RESIDENT, Role.REVIEWER)],
    deps: DepsOf,
    commit: routes.Commit,
    purpose: Annotated[str | None, Query(max_length=200, description="Needed of reviewers")] = None,
) -> Response:
    """Give either party, or a guardian of one, the terms and, once both have signed, the evidence.

    The others can read who looked. A reviewer gets, of the application under review, the agreement behind the document
    that they have in hand.
    """
    if by.role is Role.RESIDENT:
        return await commit(lambda: signed_agreements.read(application_id, by, deps), AgreementView.of, only_looks=True)
    return await commit(
        lambda: signed_agreements.read_behind(application_id, purpose, by, deps), AgreementView.of, only_looks=True
    )
