from __future__ import annotations

import hmac
from pathlib import Path

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from local_stack.signing_keys import new_signing_key, public_halves
from runtime.data_files import DataFileError
from runtime.json_signatures import PublicKeys, SignatureError, SigningKeys
from standards import base64url

KEYS = SigningKeys.of(ECKey.generate_key("P-256"))
SIGNED = KEYS.sign({"says": "李育成"}, "test+jwt")


def fault(text: str, typ: str = "test+jwt", keys: PublicKeys = KEYS.public) -> str:
    with pytest.raises(SignatureError) as refused:
        keys.verify(text, typ)
    return refused.value.fault


def with_header(**changes: object) -> str:
    header, payload, signature = SIGNED.split(".")
    changed = {**orjson.loads(base64url.decode(header)), **changes}
    return ".".join((base64url.encode(orjson.dumps(changed)), payload, signature))


def test_what_was_signed_comes_back() -> None:
    assert KEYS.public.verify(SIGNED, "test+jwt") == {"says": "李育成"}


def test_another_library_agrees() -> None:
    (jwk,) = KEYS.public.jwks()["keys"]
    assert jwk["kid"] == ECKey.import_key(jwk).thumbprint()
    assert jws.deserialize_compact(SIGNED, ECKey.import_key(jwk), algorithms=["ES256"]).payload


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_character_is_seen(part: int) -> None:
    parts = SIGNED.split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    assert fault(".".join(parts)) in {"malformed", "bad-signature", "unknown-issuer"}


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"crit": ["exp"], "exp": 1},
        {"jwk": KEYS.public.jwks()["keys"][0]},
        {"b64": False},
        {"alg": ["ES256"]},
    ],
)
def test_a_header_that_asks_for_something_else_is_not_heeded(changes: dict[str, object]) -> None:
    assert fault(with_header(**changes)) == "malformed"


def test_a_public_key_is_no_shared_secret() -> None:
    (jwk,) = KEYS.public.jwks()["keys"]
    header = {"alg": "HS256", "typ": "test+jwt", "kid": jwk["kid"]}
    text = f"{base64url.encode(orjson.dumps(header))}.e30"
    mac = hmac.digest(ECKey.import_key(jwk).as_pem(private=False), text.encode(), "sha256")
    assert fault(f"{text}.{base64url.encode(mac)}") == "malformed"
    assert fault(f"{text}.{base64url.encode(mac + mac)}") == "malformed"  # as long as an ES256 signature


def test_a_signature_of_one_kind_is_none_of_another() -> None:
    assert fault(SIGNED, "other+jwt") == "wrong-kind"


def test_a_stranger_and_an_unknown_key_are_told_apart_from_a_forgery() -> None:
    other = SigningKeys.of(ECKey.generate_key("P-256"))
    assert fault(other.sign({}, "test+jwt")) == "unknown-issuer"
    assert fault(with_header(kid="nobody")) == "unknown-issuer"
    assert fault(with_header(kid=None)) == "unknown-issuer"
    forged = ".".join((*SIGNED.split(".")[:2], other.sign({}, "test+jwt").split(".")[2]))
    assert fault(forged) == "bad-signature"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", SIGNED + ".", SIGNED + "\n", " " + SIGNED, SIGNED + "=", "[" * 9999, SIGNED[:-1]]
)
def test_what_is_no_signature_is_malformed(text: str) -> None:
    assert fault(text) == "malformed"


def test_a_header_nested_without_end_is_malformed() -> None:
    deep = base64url.encode(b'{"alg":' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    assert fault(".".join((deep, *SIGNED.split(".")[1:]))) == "malformed"


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_counts(tmp_path: Path) -> None:
    file = tmp_path / "credential.key"
    old = new_signing_key()
    file.write_bytes(old)
    before = SigningKeys.from_file(file)
    file.write_bytes(new_signing_key() + public_halves(old))
    after = SigningKeys.from_file(file)
    assert after.public.verify(before.sign({"n": 1}, "t"), "t") == {"n": 1}
    assert fault(after.sign({}, "t"), "t", before.public) == "unknown-issuer"
    assert len(after.public.jwks()["keys"]) == 2
    assert all("d" not in key for key in after.public.jwks()["keys"])
    assert PublicKeys.from_jwks(after.public.jwks()).verify(before.sign({}, "t"), "t") == {}


@pytest.mark.parametrize("content", [b"", b"nothing", public_halves(new_signing_key())])
def test_a_file_that_cannot_sign_stops_the_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "credential.key"
    file.write_bytes(content)
    with pytest.raises(DataFileError, match=r"credential\.key:1"):
        SigningKeys.from_file(file)


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}, {"keys": "x"}])
def test_a_set_without_a_usable_key_is_refused(jwks: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="key"):
        PublicKeys.from_jwks(jwks)
