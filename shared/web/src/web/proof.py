"""Proof that a caller holds the key that its token is bound to: DPoP (RFC 9449), for devices that can be carried away.

A token names the thumbprint of its device's key (`cnf.jkt`); each request carries a proof of its own, signed with that
key for this method, this address and this token. Beyond RFC 9449 a proof counts up (`ctr`), so that whoever keeps the
counter sees when two devices have one key.

A proof may also name the digest of the request's body (`content_digest`); where a right is given or taken, it must.

A device may have a key of another program's prove for it for a while (a delegation, decision 35): signed with the
device's key it names the other key, the access token and an end. A proof that is signed with the other key carries it
(`dlg`) and counts as the device's, under the delegation's number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jwt
from jwt.utils import base64url_encode

from standards import base64url
from standards.moments import is_numeric_date
from standards.strict_json import check_names
from web.issuer_keys import algorithm_of

TYPE = "dpop+jwt"
DELEGATION = "dpop-delegation+jwt"
LONGEST = 4096
"""Characters of a proof at most."""
DELEGATED_FOR = 1800
"""Seconds that a delegation is good for at most: a visit, and the clocks' difference."""
AGE = 60
"""Seconds that a proof is good for; as many may the device's clock be ahead or behind."""

_LARGEST_COUNT = 2**53
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class BadProofError(Exception):
    """There is no proof, or it proves something else."""


@dataclass(frozen=True, slots=True)
class PossessionProof:
    """What a request proved: the thumbprint of the key, the proof's own id, and where its counter stands."""

    key: str
    id: str
    counter: int
    is_delegated: bool = False
    """Whether another key has signed for the device's: `id` and `counter` are then the delegation's."""
    content: str = ""
    """The digest of the request's body, where it names one."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is proven: the request's method, its address (or only its path), and the token that it carries."""

    method: str
    url: str
    token: str = ""
    """Empty where one is asked for: at the provider."""


def check(
    proof: str,
    key: str | None,
    call: Call,
    *,
    is_counted: bool = True,
    age: float = AGE,
    now: float | None = None,
) -> PossessionProof:
    """Check a proof for a call by the holder of `key` (a thumbprint), or of any. Raises BadProofError.

    `is_counted`: whether it must count up, as a device's does. `age`: seconds for which it is good. `now`: when it had
    to be, in seconds since 1970.
    """
    try:
        header, claims = _opened(proof, TYPE)
        signer = thumbprint(header["jwk"])
        counted, thumb = claims, signer
        if is_delegated := "dlg" in claims:
            counted, thumb = _delegation(claims["dlg"], signer, call.token)
        moment = time.time() if now is None else now
        old = moment - claims["iat"] if is_numeric_date(claims["iat"]) else math.inf
        facts = (
            hmac.compare_digest(thumb, key or thumb),
            claims["htm"] == call.method,
            _is_at(claims["htu"], call.url),
            not call.token or hmac.compare_digest(claims["ath"], digest(call.token)),
            -AGE <= old <= age,
        )
        counter = counted["ctr"] if is_counted else counted.get("ctr", 1)
        read = PossessionProof(
            thumb, str(counted["jti"]), int(counter), is_delegated, str(claims.get("content_digest", ""))
        )
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadProofError(type(error).__name__) from error
    if not all(facts) or not 1 <= read.counter <= _LARGEST_COUNT or not 8 <= len(read.id) <= 100:  # noqa: PLR2004 - ids worth the name
        raise BadProofError("it proves something else")
    return read


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638)."""
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


def digest(token: str) -> str:
    """Return the digest of a token that a proof names as `ath`."""
    return base64url_encode(hashlib.sha256(token.encode()).digest()).decode()


def content_digest(body: bytes) -> str:
    """Return the digest of a body that a proof names as `content_digest`, in the form of RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _delegation(text: str, to: str, token: str) -> tuple[dict[str, Any], str]:
    """Return the claims of a delegation to a key, and the thumbprint of the device's. Raises as `_opened`."""
    header, claims = _opened(text, DELEGATION)
    now = time.time()
    facts = (
        hmac.compare_digest(claims["cnf"]["jkt"], to),
        hmac.compare_digest(claims["ath"], digest(token)),
        is_numeric_date(claims["iat"]) and is_numeric_date(claims["exp"]),
        claims["iat"] - AGE <= now <= claims["exp"],
        claims["exp"] - claims["iat"] <= DELEGATED_FOR,
    )
    if not all(facts):
        raise ValueError("not a delegation to this key")
    return claims, thumbprint(header["jwk"])


def _opened(proof: str, typ: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of what is signed with the key that it shows, by the algorithm that fits it."""
    if len(proof) > LONGEST:
        raise ValueError("too long")
    for part in proof.split(".")[:2]:
        check_names(base64url.decode(part))
    header = jwt.get_unverified_header(proof)
    jwk = header["jwk"]
    algorithm = algorithm_of(jwk)
    if header["typ"] != typ or algorithm is None or _PRIVATE & set(jwk):
        raise ValueError("not a proof")
    return header, jwt.decode(
        proof,
        jwt.PyJWK(jwk, algorithm),
        algorithms=[algorithm],
        options={"require": ["iat", "jti"], "verify_aud": False, "verify_iat": False},
    )


def _is_at(proven: str, url: str) -> bool:
    """Compare host and path, or the path alone: TLS may end before us, and a query is no part of `htu`.

    What is percent-encoded is the same as what it stands for (RFC 9449, 4.3; RFC 3986, 6.2.2).
    """
    one, other = urlsplit(proven), urlsplit(url)
    return unquote_to_bytes(one.path) == unquote_to_bytes(other.path) and (
        not other.netloc or one.netloc.lower() == other.netloc.lower()
    )
