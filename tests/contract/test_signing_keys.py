"""What was signed before `make signing-keys` goes on counting, for us and for an independent library."""

from __future__ import annotations

from pathlib import Path

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from credential_store.domain import sd_jwt
from credential_store.domain.sd_jwt import SdJwt
from credential_store.domain.signed import TYP
from local_stack.keys import ensure_keys, rotate_signing_keys
from runtime.json_signatures import PublicKeys, SignatureError, SigningKeys


def issued(keys: SigningKeys, name: str) -> str:
    """A small credential, all of it shown."""
    subject, shown = sd_jwt.hide({"name": name})
    return SdJwt(keys.sign({**subject, "_sd_alg": "sha-256"}, TYP), shown).text


def as_others_see_it(text: str, keys: PublicKeys) -> object:
    """Verify with somebody else's library, by the key set that everybody can fetch."""
    published = {key["kid"]: JWK(**key) for key in keys.jwks()["keys"]}
    return SDJWTVerifier(text, lambda _, header: published[header["kid"]]).get_verified_payload()["name"]


def test_credentials_outlive_the_key_that_signed_them(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    texts = {}
    for name in ("first", "second", "third"):
        keys = SigningKeys.from_file(tmp_path / "credential.key")
        texts[name] = issued(keys, name)
        rotate_signing_keys(tmp_path)

    now = SigningKeys.from_file(tmp_path / "credential.key")

    assert len(now.public.keys) == 4
    assert [as_others_see_it(text, now.public) for text in texts.values()] == list(texts)
    assert all(now.public.verify(SdJwt.read(text).signed, TYP) for text in texts.values())


def test_agreements_are_signed_with_a_key_that_those_who_check_them_know(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    before = SigningKeys.from_file(tmp_path / "agreement.key")
    rotate_signing_keys(tmp_path)
    after = SigningKeys.from_file(tmp_path / "agreement.key")
    known = PublicKeys.from_file(tmp_path / "agreement.pub")

    assert before.kid != after.kid
    assert [known.verify(keys.sign({"of": keys.kid}, "x"), "x")["of"] for keys in (before, after)] == [
        before.kid,
        after.kid,
    ]
    assert b"PRIVATE" not in (tmp_path / "agreement.pub").read_bytes()


def test_only_the_newest_private_key_stays_and_nobody_else_reads_it(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    old = (tmp_path / "credential.key").read_bytes()
    rotate_signing_keys(tmp_path)
    new = (tmp_path / "credential.key").read_bytes()

    assert (new.count(b"BEGIN PRIVATE"), new.count(b"BEGIN PUBLIC")) == (1, 1)
    assert old not in new
    assert (tmp_path / "credential.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_taken_out_no_longer_counts(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    leaked = SigningKeys.from_file(tmp_path / "credential.key").sign({}, TYP)
    rotate_signing_keys(tmp_path)
    file = tmp_path / "credential.key"
    file.write_bytes(file.read_bytes().partition(b"-----BEGIN PUBLIC KEY")[0])

    with pytest.raises(SignatureError, match="unknown-issuer"):
        SigningKeys.from_file(file).public.verify(leaked, TYP)
