"""Who is calling, and whether a route lets them in: it names the roles that may call it (tokens: `tokens.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce
from math import inf
from time import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.authentication import AuthenticationError

from runtime.errors import NotAllowed, TextKey
from runtime.sign_in import SignedRequest, SignIn
from web.proof import BadProofError, Call, PossessionProof, check, content_digest
from web.rates import Class, RateLimit

if TYPE_CHECKING:
    from web.tokens import Verifier

_BEARER = HTTPBearerModel(description="A token of the identity provider")


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


_RATE_OF: Mapping[str, Class] = {"GET": "read", "HEAD": "read"}

STAFF = frozenset({Role.CLERK, Role.REVIEWER, Role.GRID_OFFICER, Role.OFFICIAL, Role.OPERATOR})

BOUND = frozenset({Role.TERMINAL})
"""Roles whose tokens are always bound to a key, which counts its proofs: devices that can be carried away."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: `subject` is a resident id, a staff number, a device or a department's system."""

    subject: str
    role: Role
    departments: frozenset[str] = frozenset()
    communities: frozenset[str] = frozenset()
    sign_in: SignIn = field(default_factory=SignIn, compare=False)
    key: str | None = field(default=None, compare=False)
    """The thumbprint of the key that the token is bound to (`cnf.jkt`), None for a token that is not."""
    expires_at: float = field(default=inf, compare=False)
    """When the token ends, in seconds since 1970."""
    counts: Callable[[], Awaitable[bool]] | None = field(default=None, compare=False)
    """Asks whether the provider has ended the token meanwhile; None where none is asked. Raises ConnectionError."""

    signed: SignedRequest | None = field(default=None, compare=False, repr=False)
    """The request as it was signed, where the operation asks for that."""

    async def still_counts(self) -> bool:
        """Tell whether the token still counts, for what goes on for long. Raises ConnectionError when unknown."""
        return self.seconds_left() > 0 and (self.counts is None or await self.counts())

    def seconds_left(self) -> float:
        """Return for how long the token still counts; negative once it has ended."""
        return self.expires_at - time()


class NotAuthenticatedError(AuthenticationError):
    """No token, or none that is good: `code` says which (`no-token`, `expired-token`, `early-token`, `bad-token`).

    `long-token` has an end that is too far from its issue, `revoked-token` was ended by the provider.
    For a token that is bound to a key: `proof-missing`, `proof-bad`, `proof-used`, `content-not-signed`; where it must
    be bound, `unbound-token`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def allow(*roles: Role, rate: Class | None = None, signed: bool = False) -> Any:  # noqa: ANN401 - what Depends returns
    """Build the dependency that lets these roles in and gives the route its Principal.

    `rate` is the class that it is counted under; without, the method says whether it reads or writes. An operation
    of which the rates name a kind is counted under that. `signed`: the token must be bound to its sender's key, whose
    proof names the body, too; the principal has what was signed.
    """
    return Depends(_Allowed(roles, rate, signed=signed))


class _Allowed(SecurityBase):
    """The dependency: one for a request, which is also the security scheme in the description of the interface."""

    model = _BEARER
    scheme_name = "HTTPBearer"

    def __init__(self, roles: Sequence[Role], rate: Class | None, *, signed: bool) -> None:
        self._roles = roles
        self._rate = rate
        self._signed = signed

    async def __call__(
        self,
        request: Request,
        dpop: Annotated[str | None, Header(alias="DPoP", description="A proof of the token's key (RFC 9449)")] = None,
    ) -> Principal:
        """Return who is calling. Raises NotAuthenticatedError, NotAllowed, TooMany."""
        scheme, token = _credentials(request)
        verifier: Verifier = request.app.state.verifier
        principal = await verifier.verify(token)
        request.state.proof = _proof(request, principal, scheme, token, dpop)
        if principal.role not in self._roles:
            raise wrong_role(principal.role, self._roles)
        limit: RateLimit = request.app.state.rate_limit
        kind = limit.kind_of(_operation(request))
        limit.take(principal.subject, kind or self._rate or _RATE_OF.get(request.method, "write"))
        if self._signed:
            principal = replace(principal, signed=await _signed(request, token, dpop or ""))
        request.state.principal = principal
        return principal


def bounded(request: Request) -> None:
    """Count an unsigned request under its kind, for all callers together. Raises Busy."""
    limit: RateLimit = request.app.state.rate_limit
    limit.take_for_everybody(_operation(request))


def _operation(request: Request) -> str:
    return f"{request.method} {request.scope['route'].path}"


def wrong_role(role: Role, needed: Sequence[Role]) -> NotAllowed:
    """Return the refusal of a caller in another role, which calls the roles by their names."""
    names = (TextKey(f"role-names.{each}") for each in needed)
    either = reduce(lambda one, other: TextKey("role-names.or", one=one, other=other), names)
    return NotAllowed("wrong-role", role=TextKey(f"role-names.{role}"), needed=either)


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "dpop"} or not token.strip():
        raise NotAuthenticatedError("no-token")
    return scheme.lower(), token.strip()


def _proof(
    request: Request, principal: Principal, scheme: str, token: str, proof: str | None
) -> PossessionProof | None:
    """Return what a request with a bound token proves; a bound token without a proof is as good as stolen."""
    if principal.key is None:
        verifier: Verifier = request.app.state.verifier
        if principal.role in verifier.bound:
            raise NotAuthenticatedError("unbound-token")
        return None
    if scheme != "dpop" or not proof:
        raise NotAuthenticatedError("proof-missing")
    try:
        call = Call(request.method, _address(request), token)
        return check(proof, principal.key, call, is_counted=principal.role in BOUND)
    except BadProofError as error:
        raise NotAuthenticatedError("proof-bad") from error


def _address(request: Request) -> str:
    """Return the address as it was sent: `request.url` has the path with its percent signs taken away."""
    path = request.scope.get("raw_path") or quote(request.url.path).encode()
    return f"{request.url.scheme}://{request.url.netloc}{path.decode('latin-1')}"


async def _signed(request: Request, token: str, proof: str) -> SignedRequest:
    """Return the request as its sender signed it. Raises NotAuthenticatedError for one that does not sign its body."""
    proven: PossessionProof | None = request.state.proof
    if proven is None:
        raise NotAuthenticatedError("unbound-token")
    body = await request.body()
    if proven.content != content_digest(body):
        raise NotAuthenticatedError("content-not-signed")
    return SignedRequest(token=token, proof=proof, body=body.decode(errors="replace"))
