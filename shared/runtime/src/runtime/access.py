"""Who is calling: a signed token is checked here, and a route names the roles that may call it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.authentication import AuthenticationError

from runtime.refusal import NotAllowed

_ALGORITHMS = ["ES256", "EdDSA", "RS256"]
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
        self._remote = jwt.PyJWKClient(jwks, cache_keys=True) if jwks.startswith("http") else None
        self._keys = {} if self._remote else _read_keys(Path(jwks))

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for. Raises NotAuthenticatedError."""
        try:
            claims = jwt.decode(
                token,
                await self._key_of(token),
                algorithms=_ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "sub", "iss", "aud", "role"]},
            )
            return _principal(claims)
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticatedError("expired-token") from error
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            raise NotAuthenticatedError("bad-token") from error

    async def _key_of(self, token: str) -> jwt.PyJWK:
        if self._remote is not None:
            return await asyncio.to_thread(self._remote.get_signing_key_from_jwt, token)
        return self._keys[str(jwt.get_unverified_header(token)["kid"])]


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
    return Principal(
        subject=str(claims["sub"]),
        role=Role(claims["role"]),
        departments=frozenset(map(str, claims.get("departments", ()))),
        communities=frozenset(map(str, claims.get("communities", ()))),
    )


def _read_keys(path: Path) -> dict[str, jwt.PyJWK]:
    keys = jwt.PyJWKSet.from_dict(json.loads(path.read_text(encoding="utf-8"))).keys
    return {str(key.key_id): key for key in keys}
