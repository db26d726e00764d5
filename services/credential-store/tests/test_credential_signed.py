"""Signed forms: checked by a library that is not ours."""

from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from credential_store.config import Settings
from credential_store.domain import lifecycle, sd_jwt, signed, status_list, versions
from credential_store.domain.credential import Credential, CredentialContent, CredentialPlace, IndexedHolder, Statement
from credential_store.domain.identifiers import credential_id
from credential_store.domain.sd_jwt import AlteredError, NotSdJwtError, SdJwt
from credential_store.domain.signed import Issuer, SignedVersion
from credential_store.domain.status import Trace, settle
from credential_store.domain.status_list import ENTRIES, StatusList
from credential_store.store.district_files import read_types
from runtime.clock import today
from runtime.json_signatures import SigningKeys
from standards import base64url

TYPES = read_types(Settings().authorities)
ISSUER = Issuer("https://yizheng.example", SigningKeys.of(ECKey.generate_key("P-256")))
INDEX = "9f" * 32
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FIELDS = {
    "number": INDEX,
    "name": "李育成",
    "address": "民治街道幸福路1号3栋502",
    "months": 12,
    "ok": True,
    "of": ["a"],
}


def permit() -> Credential:
    content = CredentialContent(
        fields=FIELDS, origin="grant", valid_from=date(2026, 11, 23), valid_until=date(2036, 11, 22), authority="公安局"
    )
    blank = Credential(
        id=credential_id(INDEX, "residence-permit"),
        document_type="residence-permit",
        record="",
        holder=IndexedHolder(resident_id="res_1", index=INDEX),
    )
    heard = versions.merge(blank, content, Statement(at=NOW), TYPES.numbering("residence-permit"))
    return settle(blank, heard, Trace(at=NOW, by="automatic"))


def signed_permit() -> SignedVersion:
    it = permit()
    return signed.sign(it, it.issues[0], CredentialPlace(list=3, index=77), ISSUER, TYPES, NOW)


def as_others_see_it(text: str) -> dict[str, Any]:
    (jwk,) = ISSUER.keys.public.jwks()["keys"]
    verifier = SDJWTVerifier(text, lambda *_: JWK(**jwk))
    return cast("dict[str, Any]", verifier.get_verified_payload())


def test_an_independent_library_reads_everything_that_is_shown() -> None:
    said = as_others_see_it(signed_permit().text)
    assert said["credentialSubject"] == {
        "name": "李育成",
        "address": "民治街道幸福路1号3栋502",
        "months": 12,
        "ok": True,
        "of": ["a"],
        "CertificateIdentifier": permit().issues[0].identifier,
        "CertificateIssuingAuthorityName": "公安局",
    }
    assert said["type"] == ["VerifiableCredential", "ElectronicCertificate"]
    assert said["issuer"]["id"] == said["iss"] == "https://yizheng.example"
    assert (said["validFrom"], said["validUntil"]) == ("2026-11-23T00:00:00+08:00", "2036-11-22T23:59:59+08:00")
    revocation, suspension = said["credentialStatus"]
    assert revocation["statusListCredential"] == "https://yizheng.example/v1/status-lists/revocation/3"
    assert (revocation["statusListIndex"], suspension["statusPurpose"]) == ("77", "suspension")


def test_a_holder_shows_only_what_is_asked() -> None:
    shown = SdJwt.read(signed_permit().text).showing(["address"]).text
    assert as_others_see_it(shown)["credentialSubject"] == {"address": "民治街道幸福路1号3栋502"}
    assert "李育成".encode() not in b"".join(base64url.decode(each) for each in shown.split("~")[1:-1])


def test_what_is_signed_names_nobody() -> None:
    payload = base64url.decode(SdJwt.read(signed_permit().text).signed.split(".")[1]).decode()
    for secret in ("李育成", "幸福路", INDEX, permit().id.removeprefix("crd_"), permit().issues[0].identifier):
        assert secret not in payload


def test_two_signatures_of_the_same_have_no_digest_in_common() -> None:
    subjects = [as_others_see_it(SdJwt.read(signed_permit().text).showing([]).text) for _ in range(2)]
    texts = [SdJwt.read(signed_permit().text) for _ in range(2)]
    assert not {each.digest for each in texts[0].shown} & {each.digest for each in texts[1].shown}
    assert subjects[0]["credentialSubject"] == {}


@pytest.mark.parametrize("fields", range(9))
def test_how_many_digests_are_signed_tells_nothing_of_how_many_fields_there_are(fields: int) -> None:
    subject, disclosures = sd_jwt.hide({f"field_{number}": "x" for number in range(fields)})

    assert len(subject["_sd"]) == len(set(subject["_sd"])) == (8 if fields else 0)
    assert {each.digest for each in disclosures} <= set(subject["_sd"])
    assert {len(digest) for digest in subject["_sd"]} <= {43}
    assert subject["_sd"] == sorted(subject["_sd"])
    assert sd_jwt.reveal(subject, disclosures) == {f"field_{number}": "x" for number in range(fields)}


def test_every_disclosure_must_have_been_signed_and_shown_once() -> None:
    one, other = (SdJwt.read(signed_permit().text) for _ in range(2))
    payload = ISSUER.keys.public.verify(one.signed, signed.TYP)
    assert sd_jwt.reveal(payload["credentialSubject"], one.shown[::-1])["name"] == "李育成"
    for wrong in ([*one.shown, one.shown[0]], [other.shown[0]], [sd_jwt.Disclosure.of("name", "王五", bytes(16))]):
        with pytest.raises(AlteredError):
            sd_jwt.reveal(payload["credentialSubject"], wrong)


@pytest.mark.parametrize("cut", [1, 5, 40, 120])
def test_a_truncated_text_shows_less_or_nothing(cut: int) -> None:
    whole = signed_permit().text
    try:
        read = SdJwt.read(whole[:-cut])
        payload = ISSUER.keys.public.verify(read.signed, signed.TYP)
        fields = sd_jwt.reveal(payload["credentialSubject"], read.shown)
    except (NotSdJwtError, AlteredError):
        return
    assert fields.items() <= signed.showable(permit(), permit().issues[0]).items()


@given(st.text() | st.text("abcXYZ019-_.~") | st.binary().map(lambda it: f"a.b.c~{base64url.encode(it)}~"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NotSdJwtError):
        assert SdJwt.read(text).text == text


@pytest.mark.parametrize(
    "spelt",
    [b'["s","_sd",1]', b'["s","...",1]', b'["s","n",1.5]', b'["s","n",{"a":1}]', b'["s","n"]', b'[1,"n",2]', b"{}"],
)
def test_a_disclosure_of_another_form_is_refused(spelt: bytes) -> None:
    with pytest.raises(NotSdJwtError):
        SdJwt.read(f"a.b.c~{base64url.encode(spelt)}~")


def test_a_bit_is_set_where_and_only_where_a_credential_no_longer_counts() -> None:
    it, day = permit(), today(NOW)
    assert signed.marks(it, it.issues[0], day) == ()
    held = settle(it, lifecycle.suspend(it, "why", NOW), Trace(at=NOW, by="psb"))
    assert signed.marks(held, held.issues[0], day) == ("suspension",)
    gone = settle(it, lifecycle.end(it, "07", "why", NOW), Trace(at=NOW, by="psb"))
    assert signed.marks(gone, gone.issues[0], day) == ("revocation",)
    again = lifecycle.reissue(
        it,
        lifecycle.CredentialCorrection(fields={"months": 13}, valid_until=None),
        TYPES.numbering("residence-permit"),
        NOW,
    )
    assert [signed.marks(again, each, day) for each in again.issues] == [("revocation",), ()]
    assert signed.marks(it, it.issues[0], date(2036, 11, 23)) == ()


def test_places_are_given_once_each_and_tell_nothing_of_their_order() -> None:
    new = StatusList.new(1)
    places = [new.place(count).index for count in range(0, ENTRIES, 64)]
    assert len(set(places)) == len(places)
    assert all(0 <= each < ENTRIES for each in places)
    steps = {later - earlier for earlier, later in pairwise(places)}
    assert len(steps) > 3900  # neighbours in time are no neighbours in the list
    assert places[:8] != [StatusList.new(1).place(count).index for count in range(8)]


@given(st.sets(st.integers(0, ENTRIES - 1), max_size=20))
def test_a_list_says_what_was_set(places: set[int]) -> None:
    encoded = status_list.encode(places)
    assert all(status_list.is_set(encoded, place) for place in places)
    assert not any(status_list.is_set(encoded, place) for place in {0, 1, 77, ENTRIES - 1} - places)


def test_the_first_bit_is_the_leftmost() -> None:
    encoded = status_list.encode([0])
    assert encoded.startswith("u")
    assert gzip.decompress(base64url.decode(encoded[1:]))[0] == 0b1000_0000


@pytest.mark.parametrize("text", ["", "u", "uAAAA", "x" * 40, "u" + base64url.encode(b"\x1f\x8b" + b"0" * 30)])
def test_what_is_no_list_says_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="status list"):
        status_list.is_set(text, 0)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = "u" + base64url.encode(gzip.compress(bytes(200_000_000), 9))
    with pytest.raises(ValueError, match="status list"):
        status_list.is_set(bomb, 0)
