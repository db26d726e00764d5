"""Verification under attack: whatever is presented, only what we signed counts, and only while it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from credential_desk import AGREEMENTS, HOLDER, ISSUER, NEWER, NOTHING_ASKED, NOW, OLD, RESIDENT, URL, Desk
from credential_store.api.verifications import VerificationView
from credential_store.domain import sd_jwt, status_list, verdict
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.signed import LIST_TYP, TYP, Issuer, SignedVersion
from credential_store.domain.verdict import Trusted, VerificationRequest, judge
from credential_store.events import DataAccessed
from credential_store.handlers.presentations import Wish, present
from privacy import guardianships
from privacy.guardianships import GuardianshipNews
from runtime import json_signatures
from runtime.errors import Conflict, NotFound, Refusal
from runtime.json_signatures import SigningKeys
from standards import base64url
from testkit.fakes import apply, received
from web.auth import Principal, Role


@pytest.fixture
def desk() -> Desk:
    return Desk()


def resigned(it: SdJwt, **changes: object) -> SdJwt:
    claims = {**ISSUER.keys.public.verify(it.signed, TYP), **changes}
    return SdJwt(ISSUER.keys.sign(claims, TYP), it.shown)


def proven(it: SdJwt, key: ECKey = HOLDER, **changes: object) -> str:
    claims = {
        "iat": int((NOW + timedelta(hours=1)).timestamp()),
        "aud": "https://library.example",
        "nonce": "n1",
        "sd_hash": it.proven_digest,
        **changes,
    }
    header = {"alg": "ES256", "typ": "kb+jwt"}
    return it.unproven + jws.serialize_compact(header, orjson.dumps(claims), key, algorithms=["ES256"])


async def test_what_is_shown_counts_and_says_only_that(desk: Desk) -> None:
    found = await desk.finds((await desk.shows("name")).text)
    assert (found.is_valid, found.fields) == (True, {"name": "李育成"})
    assert found.claims["documentType"] == "residence-permit"


@pytest.mark.parametrize(("purpose", "reason"), [("revocation", "revoked"), ("suspension", "suspended")])
async def test_a_marked_credential_never_counts(desk: Desk, purpose: status_list.Purpose, reason: str) -> None:
    text = (await desk.shows("name")).text
    desk.marks(purpose)
    assert (await desk.finds(text)).reasons == (reason,)


async def test_an_erased_credential_does_not_count(desk: Desk) -> None:
    text = (await desk.shows("name")).text
    desk.signed.all.clear()
    assert (await desk.finds(text)).reasons == ("revoked",)


async def test_time_ends_it(desk: Desk) -> None:
    text = (await desk.shows("name")).text
    desk.clock.now = datetime(2036, 11, 22, 15, 59, 59, tzinfo=UTC)  # the last second of the day in Shenzhen
    assert (await desk.finds(text)).is_valid
    desk.clock.now += timedelta(seconds=1)
    assert (await desk.finds(text)).reasons == ("expired",)
    desk.clock.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert (await desk.finds(text)).reasons == ("not-yet-valid",)
    desk.clock.now = datetime(2036, 12, 1, tzinfo=UTC)
    with pytest.raises(Conflict, match="not-valid-now"):
        await desk.shows("name")


async def test_only_what_is_there_is_shown_and_only_by_its_holder(desk: Desk) -> None:
    with pytest.raises(Refusal, match="nothing-to-show"):
        await desk.shows("number")
    with pytest.raises(NotFound, match="credential-unknown"):
        await present(desk.id, Wish(()), Principal("res_2", Role.RESIDENT), desk.deps)


async def test_a_guardian_shows_a_wards_and_the_ward_can_read_that(desk: Desk) -> None:
    father, wish = Principal("res_father", Role.RESIDENT), Wish(("name",))
    with pytest.raises(NotFound, match="credential-unknown"):
        await present(desk.id, wish, father, desk.deps)
    begun = GuardianshipNews(guardianship_id="g", guardian_id="res_father", child_id="res_1", sequence=1)
    apply(await guardianships.begin(received(begun), desk.deps))

    outcome = await present(desk.id, wish, father, desk.deps)

    assert outcome.result is not None
    assert (await desk.finds(outcome.result.text)).fields == {"name": "李育成"}
    (event,) = outcome.published
    assert isinstance(event, DataAccessed)
    assert (event.by.subject, event.holder.resident_id, event.how) == ("res_father", "res_1", "viewed")
    assert not (await present(desk.id, wish, RESIDENT, desk.deps)).published
    ended = begun.model_copy(update={"sequence": 2})
    apply(await guardianships.end(received(ended), desk.deps))
    with pytest.raises(NotFound, match="credential-unknown"):
        await present(desk.id, wish, father, desk.deps)


async def test_a_presentation_for_one_verifier_is_nobody_elses(desk: Desk) -> None:
    text = (await desk.shows("name", audience="https://library.example", nonce="n1")).text
    right = VerificationRequest("https://library.example", "n1")
    assert (await desk.finds(text, right)).is_valid
    assert (await desk.finds(text, VerificationRequest("https://bank.example", "n1"))).reasons == ("wrong-audience",)
    assert (await desk.finds(text, VerificationRequest("https://library.example", "n2"))).reasons == ("wrong-nonce",)
    assert (await desk.finds(text)).reasons == ("wrong-audience", "wrong-nonce")
    assert not (await desk.finds((await desk.shows("name")).text, right)).is_valid
    desk.clock.advance(timedelta(minutes=16))
    assert (await desk.finds(text, right)).reasons == ("presentation-expired",)


async def test_a_holders_key_proves_who_shows_it(desk: Desk) -> None:
    shown = await desk.shows("name", key=HOLDER)
    right = VerificationRequest("https://library.example", "n1")
    assert (await desk.finds(proven(shown), right)).is_valid
    assert (await desk.finds(proven(shown, iat=(NOW + timedelta(hours=1)).timestamp() + 0.25), right)).is_valid
    stale = int((NOW - timedelta(hours=1)).timestamp())
    for text, reason in (
        (shown.text, "holder-not-proven"),
        (proven(shown, ECKey.generate_key("P-256")), "holder-not-proven"),
        (proven(shown, sd_hash="x"), "holder-not-proven"),
        (proven(shown, iat="now"), "holder-not-proven"),
        (proven(shown, iat=stale), "presentation-expired"),
        (proven(shown, iat=stale + 10**7), "presentation-expired"),
        (proven(shown, iat=stale + 10**12), "holder-not-proven"),
        (proven(shown, iat=True), "holder-not-proven"),
        (proven(shown, aud="https://bank.example"), "wrong-audience"),
        (proven(shown, nonce="n2"), "wrong-nonce"),
        (proven(shown.showing([])).replace("~", f"~{shown.shown[0].text}~", 1), "holder-not-proven"),
    ):
        assert (await desk.finds(text, right)).reasons == (reason,)
    unbound = await desk.shows("name")
    assert (await desk.finds(proven(unbound))).reasons == ("holder-not-proven",)


async def test_a_rotated_key_signs_anew_and_what_the_old_one_signed_still_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await desk.shows("name")).text
    keys = SigningKeys.of(NEWER, OLD)
    monkeypatch.setattr(desk.deps, "issuer", Issuer(URL, keys))
    monkeypatch.setattr(desk.deps, "trusted", Trusted(keys.public, AGREEMENTS.public, {URL}))
    assert (await desk.finds(before)).is_valid
    bound = await desk.shows("name", nonce="n")
    assert (await desk.finds(bound.text, VerificationRequest(nonce="n"))).is_valid
    gone = Trusted(SigningKeys.of(NEWER).public, AGREEMENTS.public, {URL})
    assert judge(before, NOTHING_ASKED, gone, desk.clock()).reasons == ("unknown-issuer",)
    assert judge(bound.text, VerificationRequest(nonce="n"), gone, desk.clock()).is_valid


async def test_nothing_that_was_tampered_with_counts(desk: Desk) -> None:
    it, other = await desk.shows("name", "address"), resigned(await desk.shows("name"), iat=1)
    header, payload, signature = it.signed.split(".")
    claims = orjson.loads(base64url.decode(payload))
    later = base64url.encode(orjson.dumps({**claims, "validUntil": "2099-01-01T00:00:00+08:00"}))
    forged = sd_jwt.Disclosure.of("name", "王五", bytes(16))
    for text, reason in (
        (f"{header}.{later}.{signature}~", "bad-signature"),
        (f"{header}.{payload}.{other.signed.split('.')[2]}~", "bad-signature"),
        (f"{it.text}{it.shown[0].text}~", "altered-disclosure"),
        (SdJwt(it.signed, [forged]).text, "altered-disclosure"),
        (SdJwt(it.signed, [it.shown[0], forged]).text, "altered-disclosure"),
        (ISSUER.keys.sign(claims, LIST_TYP) + "~", "wrong-kind"),
        (ISSUER.keys.sign(claims, verdict.AGREEMENT_TYP), "unknown-issuer"),
        (AGREEMENTS.sign(claims, TYP) + "~", "unknown-issuer"),
        (resigned(it, iss="https://elsewhere.example").text, "unknown-issuer"),
        (resigned(it, iat=int(NOW.timestamp()) + 86_400).text, "not-yet-valid"),
        (f"{unsigned(claims, alg='none')}.~", "malformed"),
        (f"{unsigned(claims, alg='HS256')}.{signature}~", "malformed"),
        (it.text[:-30], "holder-not-proven"),
        (it.signed[:-30] + "~", "malformed"),
        (it.text.replace("~", "~~", 1), "malformed"),
        (f"{it.signed}", "wrong-kind"),
        ("", "malformed"),
        ("x" * 40_000, "too-large"),
        ("~" * 1000, "malformed"),
        (f"{it.signed}~{'YQ~' * 100}", "malformed"),
    ):
        found = await desk.finds(text)
        assert (found.is_valid, found.reasons) == (False, (reason,)), text[:80]
        assert not found.fields or reason in {"not-yet-valid", "holder-not-proven"}  # signed, all of it


def unsigned(claims: dict[str, object], **header: str) -> str:
    return ".".join(base64url.encode(orjson.dumps(each)) for each in ({"typ": TYP, "kid": "x", **header}, claims))


async def test_the_order_of_what_is_shown_does_not_matter(desk: Desk) -> None:
    it = await desk.shows("name", "address")
    assert (await desk.finds(SdJwt(it.signed, it.shown[::-1]).text)).is_valid


async def test_every_answer_costs_one_signature_and_one_look_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (await desk.shows("name")).text
    counted = {"signatures": 0, "look-ups": 0}
    verify, get = json_signatures._checked, desk.deps.signed.get  # noqa: SLF001 - counted, not called

    def counting(text: str, key: ECKey) -> object:
        counted["signatures"] += 1
        return verify(text, key)

    async def looking(id: str) -> SignedVersion | None:
        counted["look-ups"] += 1
        return await get(id)

    monkeypatch.setattr(json_signatures, "_checked", counting)
    monkeypatch.setattr(desk.deps.signed, "get", looking)
    costs = set()
    for each in (text, text[:-30], "", "x" * 40_000, text.replace(".", ".A", 1), AGREEMENTS.sign({}, TYP) + "~"):
        counted.update({"signatures": 0, "look-ups": 0})
        await desk.finds(each)
        costs.add((min(counted["signatures"], 1), counted["look-ups"]))
    assert costs == {(1, 1)}


@pytest.mark.parametrize("offset", ["+08:00", "+08:05:43", "+09:00"])
async def test_a_credential_of_any_day_is_shown_in_shenzhens_time_whatever_offset_it_was_signed_with(
    desk: Desk, offset: str
) -> None:
    shown = resigned(
        await desk.shows("name"), validFrom=f"1899-12-31T00:00:00{offset}", validUntil="9999-12-31T23:59:59+08:00"
    )

    view = VerificationView.of(await desk.finds(shown.text), "en")

    assert view.valid
    assert '"valid_from":"1899-12-3' in view.model_dump_json()
    assert "+08:00" in view.model_dump_json()
