"""A token that is bound to a key is worth nothing without the key (RFC 9449)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_decode

from local_stack.devices import Device
from web.proof import AGE, DELEGATED_FOR, TYPE, BadProofError, Call, check, digest, thumbprint

URL = "https://gateway.test/v1/lookups"
CALL = Call("POST", f"{URL}?x=1", "the-token")


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path, "terminal-1")


def proof(key: ec.EllipticCurvePrivateKey, *, typ: str = "dpop+jwt", jwk: object = None, **other: object) -> str:
    """Make a proof of one's own; a claim that is None is left out."""
    shown = jwk or ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    claims = {"jti": "a-proof-id", "htm": "POST", "htu": URL, "iat": int(time.time()), "ctr": 1, **other}
    claims.setdefault("ath", digest("the-token"))
    given = {name: it for name, it in claims.items() if it is not None}
    return jwt.encode(given, key, "ES256", headers={"typ": typ, "jwk": shown})


def test_a_proof_that_is_made_by_hand_is_good() -> None:
    assert check(proof(KEY), thumbprint(JWK), CALL).counter == 1


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM"
        "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"
        "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    example = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(example) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint({"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}) == thumbprint(
        {"y": "b", "x": "a", "kid": "1", "crv": "P-256", "kty": "EC"}
    )


def test_a_device_proves_its_key_for_one_request(device: Device) -> None:
    first, second = (check(device.proof("POST", URL, "the-token"), device.thumbprint, CALL) for _ in range(2))
    assert first.key == device.thumbprint
    assert second.counter > first.counter
    assert second.id != first.id


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", URL, "the-token"),
        Call("POST", "https://gateway.test/v1/residents", "the-token"),
        Call("POST", "https://elsewhere.test/v1/lookups", "the-token"),
        Call("POST", URL, "another-token"),
    ],
    ids=["method", "path", "host", "token"],
)
def test_a_proof_is_worth_nothing_for_another_request(device: Device, call: Call) -> None:
    with pytest.raises(BadProofError):
        check(device.proof("POST", URL, "the-token"), device.thumbprint, call)


def test_another_devices_proof_is_refused(device: Device, tmp_path: Path) -> None:
    other = Device(tmp_path, "terminal-2")
    with pytest.raises(BadProofError):
        check(other.proof("POST", URL, "the-token"), device.thumbprint, CALL)


def signed(key: ec.EllipticCurvePrivateKey | str, algorithm: str, **shown: object) -> str:
    """Sign something that is no proof, and show a key beside it."""
    return jwt.encode({"x": 1}, key, algorithm, headers={"typ": "dpop+jwt", **shown})


def twice(good: str) -> str:
    """Sign the claims of a proof once more, with another method before the one that libraries read."""
    claims = base64url_decode(good.split(".")[1]).replace(b"{", b'{"htm":"GET",', 1)
    return jwt.api_jws.encode(claims, KEY, "ES256", headers=jwt.get_unverified_header(good))


KEY = ec.generate_private_key(ec.SECP256R1())
JWK = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
FORGED: dict[str, Callable[[], str]] = {
    "no typ of a proof": lambda: proof(KEY, typ="JWT"),
    "too old": lambda: proof(KEY, iat=int(time.time()) - AGE - 60),
    "from the future": lambda: proof(KEY, iat=int(time.time()) + AGE + 60),
    "no counter": lambda: proof(KEY, ctr=None),
    "no id": lambda: proof(KEY, jti=None),
    "an id that is too short": lambda: proof(KEY, jti="1234567"),
    "an id that is too long": lambda: proof(KEY, jti="x" * 101),
    "no digest": lambda: proof(KEY, ath=None),
    "a time that is a text": lambda: proof(KEY, iat="now"),
    "a time without an end": lambda: proof(KEY, iat=float("inf")),
    "an end without an end": lambda: proof(KEY, exp=float("inf")),
    "a time that is a flag": lambda: proof(KEY, iat=True),
    "a counter that no store holds": lambda: proof(KEY, ctr=10**30),
    "a counter without an end": lambda: proof(KEY, ctr=float("inf")),
    "a counter below one": lambda: proof(KEY, ctr=0),
    "a private key shown": lambda: proof(KEY, jwk=ECAlgorithm.to_jwk(KEY, as_dict=True)),
    "somebody else's key shown": lambda: proof(ec.generate_private_key(ec.SECP256R1()), jwk=JWK),
    "a shared secret": lambda: signed("s" * 40, "HS256", jwk={"kty": "oct"}),
    "no signature": lambda: signed("", "none", jwk=JWK),
    "no key": lambda: signed(KEY, "ES256"),
    "a key that is a text": lambda: signed(KEY, "ES256", jwk=json.dumps(JWK)),
    "rubbish": lambda: "x.y.z",
    "endless": lambda: proof(KEY, more="x" * 4096),
    "a claim that is there twice": lambda: twice(proof(KEY)),
}
"""Made when they are tried: of what was made when the tests were collected, all would be too old, and none too new."""


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_what_is_no_proof_is_refused(forged: Callable[[], str]) -> None:
    with pytest.raises(BadProofError):
        check(forged(), thumbprint(JWK), CALL)


def delegated(text: str, **other: object) -> str:
    """Make a proof with a key to which another device has delegated."""
    return proof(KEY, typ=TYPE, dlg=text, **other)


def test_a_key_proves_for_the_device_that_delegated_to_it_under_the_delegations_number(device: Device) -> None:
    text = device.delegation("the-token", thumbprint(JWK), counter=7)
    first, second = (check(delegated(text, jti=f"a-proof-{each}"), device.thumbprint, CALL) for each in (1, 2))
    assert (first.key, first.counter, first.is_delegated) == (device.thumbprint, 7, True)
    assert second == first


def tomorrows(device: Device) -> str:
    """Delegate from tomorrow on: what has not begun would be good for too long."""
    with patch.object(time, "time", return_value=time.time() + 86_400):
        return device.delegation("the-token", thumbprint(JWK))


WRONG: dict[str, Callable[[Device, Device], str]] = {
    "to another key": lambda device, other: device.delegation("the-token", other.thumbprint),
    "by another device": lambda device, other: other.delegation("the-token", thumbprint(JWK)),
    "for another token": lambda device, other: device.delegation("another-token", thumbprint(JWK)),
    "over": lambda device, other: device.delegation("the-token", thumbprint(JWK), seconds=-1),
    "for too long": lambda device, other: device.delegation("the-token", thumbprint(JWK), seconds=DELEGATED_FOR + 1),
    "from tomorrow on": lambda device, other: tomorrows(device),
    "a proof, not a delegation": lambda device, other: device.proof("POST", URL, "the-token"),
    "nothing": lambda device, other: "",
}


@pytest.mark.parametrize("how", WRONG)
def test_a_delegation_that_does_not_fit_proves_nothing(device: Device, tmp_path: Path, how: str) -> None:
    with pytest.raises(BadProofError):
        check(delegated(WRONG[how](device, Device(tmp_path, "terminal-2"))), device.thumbprint, CALL)


def test_a_delegated_proof_is_for_one_request_like_any_other(device: Device) -> None:
    text = device.delegation("the-token", thumbprint(JWK))
    for other in ({"htm": "GET"}, {"htu": "https://gateway.test/v1/residents"}, {"iat": int(time.time()) - AGE - 60}):
        with pytest.raises(BadProofError):
            check(delegated(text, **other), device.thumbprint, CALL)
    with pytest.raises(BadProofError):  # a device's own proof with somebody's delegation beside it
        check(delegated(text), thumbprint(JWK), CALL)
