"""People who sign their requests, and what checks what they signed: an issuer of the tests' own, keys of their own."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from store.repository import Repository
from testkit.fakes import FakeDocuments
from web.proof import TYPE, content_digest, digest, thumbprint
from web.signed_requests import SignedRequests, UsedRequest
from web.tokens import Verifier

_ISSUED_BY, _FOR, _KID = "https://issuer.test", "yizheng", "of-the-tests"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


ISSUER = new_key()


@cache
def issuer_keys() -> Path:
    """Return the file with the issuer's public key."""
    path = Path(mkdtemp()) / "jwks.json"
    jwk = {**ECAlgorithm.to_jwk(ISSUER.public_key(), as_dict=True), "kid": _KID, "use": "sig"}
    path.write_text(json.dumps({"keys": [jwk]}))
    return path


def signed_requests(since: Mapping[str, date], clock: Callable[[], datetime]) -> SignedRequests:
    """Return what checks requests that these people signed; `since`: from when on they must be, by event."""
    verifier = Verifier(jwks=str(issuer_keys()), issuer=_ISSUED_BY, audience=_FOR)
    used: Repository[UsedRequest] = cast("Any", FakeDocuments(UsedRequest))
    return SignedRequests(verifier, since, clock, used)


@dataclass(frozen=True)
class SigningPerson:
    """A person with a token, mostly bound to a key."""

    subject: str
    role: str = "reviewer"
    departments: Collection[str] = ()
    communities: Collection[str] = ()
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key, repr=False)
    issuer: ec.EllipticCurvePrivateKey = field(default=ISSUER, repr=False)
    is_bound: bool = True

    @property
    def thumbprint(self) -> str:
        return thumbprint(ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True))

    def headers(self, method: str, url: str, token: str, content: bytes) -> dict[str, str]:
        """Return the headers of a request that is signed with the key, under whatever is taken for a token."""
        claims = {"htm": method, "htu": url.partition("?")[0], "content_digest": content_digest(content)}
        return {"Authorization": f"DPoP {token}", "DPoP": self._proof(token, int(time.time()), claims)}

    def signed(self, path: str, body: object = None, *, at: datetime, **proof: object) -> dict[str, str]:
        """Return a POST as this person signs it at a moment; `proof` are claims of its proof that are otherwise."""
        text = "" if body is None else orjson.dumps(body).decode()
        now = int(at.timestamp())
        claims = {
            "iss": _ISSUED_BY,
            "aud": _FOR,
            "sub": self.subject,
            "role": self.role,
            "departments": sorted(self.departments),
            "communities": sorted(self.communities),
            **({"cnf": {"jkt": self.thumbprint}} if self.is_bound else {}),
            "iat": int((at - timedelta(hours=1)).timestamp()),
            "exp": now + 3600,
        }
        token = jwt.encode(claims, self.issuer, "ES256", headers={"kid": _KID})
        proven = {"htm": "POST", "htu": f"https://gateway.test{path}", "content_digest": content_digest(text.encode())}
        return {"token": token, "proof": self._proof(token, now, proven | proof), "body": text}

    def _proof(self, token: str, at: int, claims: Mapping[str, object]) -> str:
        shown = {"typ": TYPE, "jwk": ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)}
        said = {"jti": secrets.token_hex(12), "iat": at, "ath": digest(token), **claims}
        return jwt.encode(said, self.key, "ES256", headers=shown)
