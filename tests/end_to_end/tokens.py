"""Tokens that are not good, one for each way in which somebody might try."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from local_stack import tokens
from local_stack.keys import ALGORITHM, issuer_key, key_id
from web.auth import Role


def bad_tokens(keys: Path, role: Role) -> Iterator[tuple[str, str]]:
    """Give the name of each way, and a token of a role that was made in it."""
    key = issuer_key(keys)
    forger = ec.generate_private_key(ec.SECP256R1())
    header = {"kid": key_id(key)}
    good = _claims(role)
    yield "expired", _signed({**good, "iat": good["iat"] - 7200, "exp": good["iat"] - 3600}, key, header)
    yield "not valid yet", _signed({**good, "nbf": good["iat"] + 3600}, key, header)
    yield "another audience", _signed({**good, "aud": "another"}, key, header)
    yield "another issuer", _signed({**good, "iss": "https://another.example"}, key, header)
    yield "another key", _signed(good, forger, header)
    yield (
        "a key of its own",
        _signed(
            good,
            forger,
            {"kid": "own", "jwk": jwt.algorithms.ECAlgorithm.to_jwk(forger.public_key(), as_dict=True)},
        ),
    )
    yield "alg none", jwt.encode(good, "", "none", headers=header)
    yield "the public key as a secret", _hmac(good, key, header)
    yield "changed afterwards", _changed(_signed(_claims(Role.RESIDENT), key, header), good)
    yield "no role", _signed({name: value for name, value in good.items() if name != "role"}, key, header)


def _claims(role: Role) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": "somebody",
        "role": role.value,
        "departments": ["psb"],
        "iat": now,
        "exp": now + 600,
    }


def _signed(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey, header: dict[str, Any]) -> str:
    return jwt.encode(claims, key, ALGORITHM, headers=header)


def _hmac(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey, header: dict[str, Any]) -> str:
    """Sign with HS256, the issuer's public key being the secret; PyJWT itself refuses to make such a token."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = jwt.encode(claims, "", "none", headers=header).split(".")
    first = base64url_encode(jwt.utils.force_bytes(f'{{"alg":"HS256","typ":"JWT","kid":"{header["kid"]}"}}')).decode()
    body = f"{first}.{unsigned[1]}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(body.encode(), public)
    return f"{body}.{base64url_encode(signature).decode()}"


def _changed(token: str, claims: dict[str, Any]) -> str:
    """Put other claims under a signature."""
    header, _, signature = token.split(".")
    return f"{header}.{jwt.encode({**claims, 'sub': 'another'}, '', 'none').split('.')[1]}.{signature}"
