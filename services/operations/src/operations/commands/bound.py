"""A token that is bound to a key of the operator's own: each request proves the key (RFC 9449)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from web.proof import TYPE, digest


class BoundToken(httpx.Auth):
    """A token with the key that it is bound to."""

    def __init__(self, token: str, key: ec.EllipticCurvePrivateKey) -> None:
        self._token = token
        self._key = key
        self._jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Prove the key for a request."""
        claims = {
            "jti": secrets.token_hex(12),
            "htm": request.method,
            "htu": str(request.url).partition("?")[0],
            "iat": int(time.time()),
            "ath": digest(self._token),
        }
        request.headers["Authorization"] = f"DPoP {self._token}"
        request.headers["DPoP"] = jwt.encode(claims, self._key, "ES256", headers={"typ": TYPE, "jwk": self._jwk})
        yield request


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read a private key, PEM, on the curve P-256. Raises OSError, ValueError."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a key on the curve P-256")  # noqa: TRY004 - what the file holds is wrong
    return key
