"""Whether a presentation is what it says: an electronic certificate of this district, or a tenancy agreement.

Pure: what the status lists say is looked up by whoever asks, for the places that a check names.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

from credential_store.domain import compact, sd_jwt
from credential_store.domain.credential import CredentialPlace, Value
from credential_store.domain.sd_jwt import AlteredError, NotSdJwtError, SdJwt
from credential_store.domain.signed import TYP
from credential_store.domain.status_list import PURPOSES, Purpose
from runtime.json_signatures import Payload, PublicKeys, SignatureError, kind_of, verify_with
from standards import canonical_json
from standards.moments import is_numeric_date

Reason = Literal[
    "malformed",
    "too-large",
    "wrong-kind",
    "unknown-issuer",
    "bad-signature",
    "altered-disclosure",
    "not-yet-valid",
    "expired",
    "revoked",
    "suspended",
    "wrong-audience",
    "wrong-nonce",
    "holder-not-proven",
    "presentation-expired",
    "altered-terms",
    "not-signed-by-both",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
Kind = Literal["credential", "agreement"]

AGREEMENT_TYP: Final = "agreement+jwt"
PROOF_TYP: Final = "kb+jwt"
_MARKED: Mapping[Purpose, Reason] = {"revocation": "revoked", "suspension": "suspended"}
_LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
_FRESH: Final = 600
"""Seconds that a holder's proof may be old."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whose signatures count: for credentials, for agreements; and under which names, None for any."""

    credentials: PublicKeys
    agreements: PublicKeys
    issuers: Collection[str] | None

    def names(self, issuer: object) -> bool:
        """Tell whether something was issued under a name that counts."""
        return self.issuers is None or issuer in self.issuers


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """What the verifier asked the holder to sign along, if anything."""

    audience: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class VerificationVerdict:
    """What is presented, why it does not count (nothing, if it does), and what it shows.

    Nothing is shown of what is not signed. `entries` are where its status stands: the address of each list by purpose,
    and the index in all of them.
    """

    kind: Kind | None = None
    reasons: tuple[Reason, ...] = ()
    claims: Payload = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    entries: Mapping[Purpose, str] = field(default_factory=dict)
    place: CredentialPlace | None = None

    @property
    def is_valid(self) -> bool:
        return self.kind is not None and not self.reasons

    def with_marks(self, marks: Collection[Purpose]) -> VerificationVerdict:
        """Add what the status lists say."""
        found = tuple(_MARKED[purpose] for purpose in PURPOSES if purpose in marks)
        return replace(self, reasons=(*self.reasons, *found))


def judge(text: str, asked: VerificationRequest, trusted: Trusted, now: datetime) -> VerificationVerdict:
    """Check everything about a presentation but its status. Never raises."""
    if len(text) > sd_jwt.LARGEST:
        return VerificationVerdict(reasons=("too-large",))
    try:
        unpacked = compact.unpack(text) if text.startswith(compact.PREFIX) else text
        if "~" in unpacked:
            return _credential(SdJwt.read(unpacked), asked, trusted, now)
        kind = kind_of(unpacked)
        return _agreement(unpacked, trusted) if kind == AGREEMENT_TYP else VerificationVerdict(reasons=("wrong-kind",))
    except NotSdJwtError:
        return VerificationVerdict(reasons=("malformed",))
    except SignatureError as error:
        return VerificationVerdict(reasons=(error.fault,))
    except AlteredError:
        return VerificationVerdict(reasons=("altered-disclosure",))


def _credential(it: SdJwt, asked: VerificationRequest, trusted: Trusted, now: datetime) -> VerificationVerdict:
    claims = trusted.credentials.verify(it.signed, TYP)
    if not trusted.names(claims["iss"]):
        return VerificationVerdict(reasons=("unknown-issuer",))
    fields = sd_jwt.reveal(claims["credentialSubject"], it.shown)
    entries = {entry["statusPurpose"]: entry for entry in claims["credentialStatus"]}
    lists = {purpose: str(entry["statusListCredential"]) for purpose, entry in entries.items()}
    number, index = lists["revocation"].rpartition("/")[2], entries["revocation"]["statusListIndex"]
    reasons = (*_in_time(claims, now), *_as_asked(it, claims, asked, now))
    return VerificationVerdict(
        "credential", reasons, claims, fields, lists, CredentialPlace(list=int(number), index=int(index))
    )


def _in_time(claims: Payload, now: datetime) -> list[Reason]:
    reasons: list[Reason] = []
    if now < datetime.fromisoformat(claims["validFrom"]) or now.timestamp() + _LEEWAY < claims["iat"]:
        reasons.append("not-yet-valid")
    if "validUntil" in claims and now > datetime.fromisoformat(claims["validUntil"]):
        reasons.append("expired")
    if now.timestamp() > claims.get("exp", math.inf):
        reasons.append("presentation-expired")
    return reasons


def _as_asked(it: SdJwt, claims: Payload, asked: VerificationRequest, now: datetime) -> list[Reason]:
    """Compare what the presentation was made for: said by the holder's own key, or by the issuer for this once."""
    if "cnf" not in claims:
        return ["holder-not-proven"] if it.proof else _made_for(claims, asked)
    try:
        proof = _proof(it, claims["cnf"]["jwk"])
    except (SignatureError, ValueError):
        return ["holder-not-proven"]
    age = now.timestamp() - proof["iat"]
    stale: list[Reason] = [] if -_LEEWAY <= age <= _FRESH else ["presentation-expired"]
    return [*stale, *_made_for(proof, asked)]


def _proof(it: SdJwt, jwk: Mapping[str, Any]) -> Payload:
    """Return what the holder's proof says (RFC 9901, section 7.3). Raises SignatureError, ValueError."""
    proof = verify_with(jwk, it.proof or "", PROOF_TYP)
    if proof.get("sd_hash") != it.proven_digest or not is_numeric_date(proof.get("iat")):
        message = "a proof of something else"
        raise ValueError(message)
    return proof


def _made_for(said: Mapping[str, Any], asked: VerificationRequest) -> list[Reason]:
    reasons: list[Reason] = []
    if said.get("aud") != asked.audience:
        reasons.append("wrong-audience")
    if said.get("nonce") != asked.nonce:
        reasons.append("wrong-nonce")
    return reasons


def _agreement(text: str, trusted: Trusted) -> VerificationVerdict:
    """Check that both parties signed the terms that are in it, under the hash that each of them saw."""
    claims = trusted.agreements.verify(text, AGREEMENT_TYP)
    if not trusted.names(claims["iss"]):
        return VerificationVerdict(reasons=("unknown-issuer",))
    digest = canonical_json.digest(claims["terms"])
    reasons: list[Reason] = [] if digest == claims["terms_sha256"] else ["altered-terms"]
    if not _both(claims["signatures"], digest):
        reasons.append("not-signed-by-both")
    return VerificationVerdict("agreement", tuple(reasons), claims)


def _both(signatures: Sequence[Mapping[str, Any]], digest: str) -> bool:
    signed = {each["party"] for each in signatures if each["terms_sha256"] == digest}
    return signed == {"applicant", "second-party"}
