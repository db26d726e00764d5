"""What is signed of a version: a Verifiable Credential (W3C data model 2.0), secured as SD-JWT (W3C VC-JOSE-COSE).

Its type, term and status are open; every field, and the identifier, is shown only if the holder wants it. Nothing that
stands for the identity number is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from credential_store.domain import sd_jwt
from credential_store.domain.credential import (
    LAPSED,
    SUSPENDED,
    VALID,
    Credential,
    CredentialModel,
    CredentialPlace,
    Issue,
    Value,
)
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.status import status_of, visible_fields
from credential_store.domain.status_list import PURPOSES, Purpose
from runtime.clock import SHENZHEN
from runtime.json_signatures import SigningKeys
from standards.document_types import TypeName

TYP: Final = "vc+sd-jwt"
LIST_TYP: Final = "vc+jwt"
"""That of a status list, in which nothing is hidden."""
CONTEXT: Final = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"]
IDENTIFIER: Final = "CertificateIdentifier"
"""The name under which the identifier can be shown; the standard's own (GB/T 36903)."""
AUTHORITY: Final = "CertificateIssuingAuthorityName"
"""The same for the body that the document itself names, which may tell where somebody is from."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: the district's address, as everybody knows it, and its keys."""

    url: str
    keys: SigningKeys

    def status_list(self, purpose: Purpose, number: int) -> str:
        """Return where a status list is published."""
        return f"{self.url}/v1/status-lists/{purpose}/{number}"


class SignedVersion(CredentialModel):
    """One version's signed form, with everything shown, and what its status lists say. Its id is its place."""

    id: str
    version: int = 0
    list: int
    index: int
    credential_id: str
    number: int
    text: str
    marks: tuple[Purpose, ...] = ()


def sign(
    credential: Credential, issue: Issue, place: CredentialPlace, issuer: Issuer, types: DocumentTypes, now: datetime
) -> SignedVersion:
    """Sign a version that has got its place."""
    subject, disclosures = sd_jwt.hide(showable(credential, issue))
    claims = {
        **_open(credential, issue, types),
        **_vouched(credential, place, issuer, types, now),
        "credentialSubject": subject,
    }
    signed = SdJwt(issuer.keys.sign(claims, TYP), disclosures)
    return SignedVersion(
        id=place.id,
        list=place.list,
        index=place.index,
        credential_id=credential.id,
        number=issue.number,
        text=signed.text,
    )


def showable(credential: Credential, issue: Issue) -> dict[str, Value]:
    """Return what the holder of a version can show."""
    named = {IDENTIFIER: issue.identifier, AUTHORITY: issue.content.authority or ""}
    return {**visible_fields(credential, issue), **{name: value for name, value in named.items() if value}}


def marks(credential: Credential, issue: Issue, day: date) -> tuple[Purpose, ...]:
    """Return in which status lists a version's bit is set: what has merely expired says so itself."""
    status = status_of(credential, issue, day)
    if status in {VALID, LAPSED}:
        return ()
    return ("suspension",) if status == SUSPENDED else ("revocation",)


def _open(credential: Credential, issue: Issue, types: DocumentTypes) -> dict[str, Any]:
    ends = issue.content.valid_until
    return {
        "@context": CONTEXT,
        "type": ["VerifiableCredential", "ElectronicCertificate"],
        "name": _in_both(types.of(credential.document_type).name),
        "documentType": credential.document_type,
        "validFrom": datetime.combine(issue.content.valid_from, time.min, SHENZHEN).isoformat(),
        **({"validUntil": datetime.combine(ends, time(23, 59, 59), SHENZHEN).isoformat()} if ends else {}),
        "_sd_alg": "sha-256",
    }


def _vouched(
    credential: Credential, place: CredentialPlace, issuer: Issuer, types: DocumentTypes, now: datetime
) -> dict[str, Any]:
    department = types.departments[types.of(credential.document_type).keeper]
    status = [
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(place.index),
            "statusListCredential": issuer.status_list(purpose, place.list),
        }
        for purpose in PURPOSES
    ]
    return {
        "iss": issuer.url,
        "iat": int(now.timestamp()),
        "issuer": {"id": issuer.url, "name": _in_both(department.name), "code": department.code},
        "credentialStatus": status,
    }


def _in_both(name: TypeName) -> list[dict[str, str]]:
    return [{"@value": name.zh_cn, "@language": "zh-CN"}, {"@value": name.en, "@language": "en"}]
