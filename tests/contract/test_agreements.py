"""What applications signs as evidence is what credential-store verifies, also after its key was rotated."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from joserfc.jwk import ECKey

from applications.domain import agreement
from applications.domain.agreement import Agreed, AgreedParty, Agreement, AgreementSigner, Signing, Terms
from credential_store.api.verifications import VerificationView
from credential_store.domain.verdict import AGREEMENT_TYP, Trusted, VerificationRequest, VerificationVerdict, judge
from runtime.json_signatures import SigningKeys
from runtime.sign_in import SignIn
from standards import base64url

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
URL = "https://yizheng.example"
OLD, NEW = (ECKey.generate_key("P-256") for _ in range(2))
OTHERS = SigningKeys.of(ECKey.generate_key("P-256"))
SIGNER = AgreementSigner(URL, SigningKeys.of(OLD))
TERMS = Terms(
    application_id="app_1",
    reference="20261123ABCDEFGH",
    item="rental-contract-filing",
    statement={"zh-CN": "本人确认", "en": "I confirm"},
    form={"address": "民治街道幸福路1号", "term_to": "2028-11-30", "monthly_rent": 3200},
    applicant=AgreedParty(resident_id="res_1", name="李育成"),
)
SECOND = AgreedParty(resident_id="res_2", name="陈小雨")
GUARDIAN = AgreedParty(resident_id="res_3", name="陈桂英")


def evidence(signer: AgreementSigner = SIGNER) -> str:
    mine = agreement.signed_by("applicant", Signing(who=TERMS.applicant, sign_in=SignIn(sub="res_1")), TERMS, NOW)
    offered = Agreement(id="app_1", current=Agreed(terms=TERMS, signatures=(mine,)))
    signing = Signing(who=SECOND, sign_in=SignIn(sub="res_3"), guardian=GUARDIAN)
    agreed = agreement.accepted(offered, TERMS.digest, signing, at=NOW, signer=signer)
    return agreed.current.evidence or ""


def judged(text: str, keys: SigningKeys = SIGNER.keys) -> VerificationVerdict:
    return judge(text, VerificationRequest(), Trusted(OTHERS.public, keys.public, {URL}), NOW)


def altered(**changes: object) -> str:
    claims = SIGNER.keys.public.verify(evidence(), AGREEMENT_TYP)
    return SIGNER.keys.sign({**claims, **changes}, AGREEMENT_TYP)


def test_evidence_is_verified_without_the_service_that_made_it() -> None:
    verdict = judged(evidence())
    assert (verdict.is_valid, verdict.kind) == (True, "agreement")
    assert verdict.claims["terms"]["form"]["monthly_rent"] == 3200
    own, for_a_child = VerificationView.of(verdict, "en").agreement.signatures  # type: ignore[union-attr] # an agreement
    assert (own.guardian, for_a_child.name, for_a_child.sign_in["sub"]) == (None, SECOND.name, "res_3")
    assert for_a_child.guardian is not None
    assert for_a_child.guardian.model_dump() == GUARDIAN.model_dump()


def test_evidence_outlives_the_key_that_signed_it() -> None:
    assert judged(evidence(), SigningKeys.of(NEW, OLD)).is_valid


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (altered(terms={**TERMS.model_dump(mode="json"), "reference": "other"}), "altered-terms"),
        (altered(signatures=[]), "not-signed-by-both"),
        (evidence(AgreementSigner("https://elsewhere.example", SIGNER.keys)), "unknown-issuer"),
        (evidence(AgreementSigner(URL, OTHERS)), "unknown-issuer"),
        (SIGNER.keys.sign({}, "vc+sd-jwt"), "wrong-kind"),
    ],
)
def test_what_is_not_the_evidence_does_not_count(text: str, reason: str) -> None:
    assert reason in judged(text).reasons


def test_a_changed_rent_is_seen() -> None:
    header, payload, signature = evidence().split(".")
    claims = orjson.loads(base64url.decode(payload))
    claims["terms"]["form"]["monthly_rent"] = 32
    forged = ".".join((header, base64url.encode(orjson.dumps(claims)), signature))
    assert judged(forged).reasons == ("bad-signature",)


def test_the_key_of_credentials_signs_no_agreement() -> None:
    trusted = Trusted(SIGNER.keys.public, OTHERS.public, {URL})
    assert judge(evidence(), VerificationRequest(), trusted, NOW).reasons == ("unknown-issuer",)
