"""/v1/verifications: whether a presentation counts. No account is needed, and nothing of it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from credential_store.api.views import TEXTS
from credential_store.domain.credential import Value
from credential_store.domain.verdict import Kind, Reason, VerificationRequest, VerificationVerdict
from credential_store.handlers import verification
from credential_store.handlers.dependencies import Deps
from runtime.clock import SHENZHEN
from web import routes
from web.auth import bounded

router = APIRouter(prefix="/verifications", tags=["verification"])

Ask = Annotated[str | None, Field(min_length=1, max_length=200)]


class VerificationGiven(BaseModel):
    """A presentation, as text or as a QR code says it, and what the holder was asked to have signed along."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"presentation": "YZ1:MFRGGZDFMZTWQ2LK…"}]}
    )
    presentation: Annotated[str, Field(max_length=64 * 1024)]
    """More than the gateway lets through; what is longer than a presentation may be is judged as that."""
    audience: Ask = None
    nonce: Ask = None


class VerificationReasonView(BaseModel):
    """Why it does not count."""

    code: Reason
    text: str


class GuardianView(BaseModel):
    """Who signed in a child's place."""

    resident_id: str
    name: str


class SignatureView(BaseModel):
    """One party's signature under an agreement: who, when, by which sign-in; a guardian's, if one signed for them."""

    party: str
    resident_id: str
    name: str
    at: datetime
    sign_in: dict[str, Value | None]
    guardian: GuardianView | None = None


class VerifiedAgreementView(BaseModel):
    """What two parties agreed on, and the hash under which both signed it."""

    terms: dict[str, object]
    terms_sha256: str
    signatures: list[SignatureView]


class VerificationView(BaseModel):
    """The verdict, and what is shown; nothing is shown of what is not signed."""

    valid: bool
    kind: Kind | None
    kind_name: str | None
    reasons: list[VerificationReasonView]
    document_type: str | None = None
    document_type_name: str | None = None
    issuer: str | None = None
    issuer_name: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    fields: dict[str, Value] = {}
    agreement: VerifiedAgreementView | None = None

    @classmethod
    def of(cls, verdict: VerificationVerdict, language: str) -> Self:
        """Tell a verdict in the caller's language."""
        about = {"credential": _credential, "agreement": _agreement}.get(verdict.kind or "")
        return cls(
            valid=verdict.is_valid,
            kind=verdict.kind,
            kind_name=TEXTS.say(language, f"verification.kinds.{verdict.kind}") if verdict.kind else None,
            reasons=[VerificationReasonView(code=code, text=say_reason(code, language)) for code in verdict.reasons],
            **(about(verdict, language) if about else {}),
        )


@router.post(
    "",
    summary="Verify a credential or an agreement",
    response_model=VerificationView,
    dependencies=[Depends(bounded)],
)
async def verify(
    given: VerificationGiven, deps: Annotated[Deps, Depends(routes.deps)], language: routes.Language
) -> Response:
    """Check signature, disclosures, term and status. What was revoked a moment ago no longer counts."""
    verdict = await verification.verify(given.presentation, VerificationRequest(given.audience, given.nonce), deps)
    view = VerificationView.of(verdict, language)
    return Response(view.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


def say_reason(code: Reason, language: str) -> str:
    """Say why a presentation does not count."""
    return TEXTS.say(language, f"verification.reasons.{code}")


def _credential(verdict: VerificationVerdict, language: str) -> dict[str, object]:
    claims = verdict.claims
    return {
        "document_type": claims["documentType"],
        "document_type_name": _in(claims["name"], language),
        "issuer": claims["issuer"]["id"],
        "issuer_name": _in(claims["issuer"]["name"], language),
        "valid_from": _moment(claims["validFrom"]),
        "valid_until": _moment(claims["validUntil"]) if "validUntil" in claims else None,
        "fields": dict(verdict.fields),
    }


def _moment(signed: str) -> datetime:
    """Read a moment as it was signed, once also with the seconds that Shanghai's mean time had before 1901."""
    return datetime.fromisoformat(signed).astimezone(SHENZHEN)


def _agreement(verdict: VerificationVerdict, _language: str) -> dict[str, object]:
    claims = verdict.claims
    agreed = {name: claims[name] for name in ("terms", "terms_sha256", "signatures")}
    return {"issuer": claims["iss"], "agreement": VerifiedAgreementView.model_validate(agreed)}


def _in(names: list[dict[str, str]], language: str) -> str:
    """Return a name that was signed in both languages."""
    return next(name["@value"] for name in names if name["@language"] == language)
