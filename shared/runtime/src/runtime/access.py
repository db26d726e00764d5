"""Who is calling: a signed token is checked here, and a route names the roles that may call it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.authentication import AuthenticationError

from runtime.issuer_keys import open_keys
from runtime.refusal import NotAllowed
from runtime.sign_in import SignIn

_LEEWAY = 5
"""Seconds by which the issuer's clock may differ from ours."""

_bearer = HTTPBearer(auto_error=False, description="A token of the identity provider")


class Role(StrEnum):
    """What a caller is."""

    RESIDENT = "resident"
    CLERK = "clerk"
    TERMINAL = "terminal"
    REVIEWER = "reviewer"
    GRID_OFFICER = "grid-officer"
    OFFICIAL = "official"
    OPERATOR = "operator"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: `subject` is a resident id, a staff number, a device or a department's system."""

    subject: str
    role: Role
    departments: frozenset[str] = frozenset()
    communities: frozenset[str] = frozenset()
    sign_in: SignIn = field(default_factory=SignIn, compare=False)


class NotAuthenticatedError(AuthenticationError):
    """No token, or none that is good: `code` says which (`no-token`, `expired-token`, `bad-token`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Verifier:
    """Checks tokens against one issuer, one audience and the issuer's public keys (a file or an https address)."""

    def __init__(self, *, jwks: str, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = open_keys(jwks)

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for. Raises NotAuthenticatedError, ConnectionError without any keys."""
        try:
            key = await self._key_of(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "sub", "iss", "aud", "role"]},
            )
            return _principal(claims)
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticatedError("expired-token") from error
        except (jwt.PyJWTError, ValueError) as error:
            raise NotAuthenticatedError("bad-token") from error

    async def _key_of(self, token: str) -> jwt.PyJWK:
        kid = jwt.get_unverified_header(token).get("kid")
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise NotAuthenticatedError("bad-token")
        return key


def allow(*roles: Role) -> Any:  # noqa: ANN401 - what FastAPI's Depends returns
    """Build the dependency that lets these roles in and gives the route its Principal."""

    async def authorise(
        request: Request, credentials: HTTPAuthorizationCredentials | None = Depends(_bearer)
    ) -> Principal:
        if credentials is None:
            raise NotAuthenticatedError("no-token")
        verifier: Verifier = request.app.state.verifier
        principal = await verifier.verify(credentials.credentials)
        if principal.role not in roles:
            raise NotAllowed("wrong-role", role=principal.role, needed=", ".join(roles))
        request.state.principal = principal
        return principal

    authorise.__dict__["roles"] = roles
    return Depends(authorise)


def _principal(claims: dict[str, Any]) -> Principal:
    if not claims["sub"]:
        raise ValueError("a token names its subject")
    return Principal(
        subject=claims["sub"],
        role=Role(claims["role"]),
        departments=_codes(claims, "departments"),
        communities=_codes(claims, "communities"),
        sign_in=SignIn.model_validate(claims),
    )


def _codes(claims: dict[str, Any], name: str) -> frozenset[str]:
    codes = claims.get(name) or []
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise ValueError(f"{name} is a list of codes")
    return frozenset(codes)
