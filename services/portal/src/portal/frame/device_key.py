"""A key of the portal's: the one that people's tokens are bound to, or one for a visit at a terminal (decision 35).

The latter, to which the terminal's own key delegates, is derived from what the browser holds and the portal's own key;
nothing of it is kept but its seed, in the sealed session, for as long as the visit lasts.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from functools import cached_property

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from web.proof import TYPE, content_digest, digest, thumbprint

_ALGORITHM = ECAlgorithm(ECAlgorithm.SHA256)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (FIPS 186-5)."""


@dataclass(frozen=True)
class DeviceKey:
    """One key; `seed` is 256 bits in hexadecimal."""

    seed: str

    @property
    def thumbprint(self) -> str:
        """The thumbprint that a delegation to this key names."""
        return thumbprint(self._jwk)

    def proof(
        self, method: str, url: str, token: str = "", delegation: str = "", *, content: bytes | None = None
    ) -> str:
        """Prove one request (RFC 9449), with a token or for one; in the name of a device, if one delegated.

        With its content it is signed whole, as what gives or takes a right must be.
        """
        claims = {
            "jti": secrets.token_hex(12),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
            "ctr": 1,  # a delegation's own number counts
            **({"ath": digest(token)} if token else {}),
            **({"dlg": delegation} if delegation else {}),
            **({} if content is None else {"content_digest": content_digest(content)}),
        }
        content = self._head + b"." + base64url_encode(orjson.dumps(claims))
        return (content + b"." + base64url_encode(_ALGORITHM.sign(content, self._key))).decode()

    @cached_property
    def _head(self) -> bytes:
        """What all its proofs begin with; written once, as each call of each page has a proof."""
        return base64url_encode(orjson.dumps({"alg": "ES256", "typ": TYPE, "jwk": self._jwk}))

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int(self.seed, 16) % (_ORDER - 1) + 1, ec.SECP256R1())

    @cached_property
    def _jwk(self) -> dict[str, str]:
        return ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)


def own_key(secret: bytes) -> DeviceKey:
    """Derive the key that people's tokens are bound to, the same in every process of the portal."""
    return DeviceKey(hmac.new(secret, b"the key that tokens are bound to", "sha256").hexdigest())
