"""Tokens: whom one speaks for, how long one of each role may last, and which were checked already.

How long, and whether the issuer is asked if it still counts, is data (`data/tokens.yaml`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import monotonic, time
from typing import Any

import jwt
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import load
from runtime.sign_in import SignIn
from store.heartbeat import CLOCK_LEEWAY
from web.auth import BOUND, NotAuthenticatedError, Principal, Role
from web.issuer_keys import IssuerKeys, open_keys
from web.revocation import REVOKED, Revocation

EARLY = Counter("yizheng_tokens_early", "Tokens refused because, by our clock, they are not issued yet")

RULES = Path(__file__).parent / "data" / "tokens.yaml"

MOST_REMEMBERED = 10_000
"""Tokens that are remembered: some 5 MB."""


class TokenRule(BaseModel):
    """The rule for one role."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hours: float = Field(gt=0, le=24 * 31)
    checked: bool


class TokenRules(BaseModel):
    """The rules of all roles; one that is left out is a fault of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))
    resident: TokenRule
    clerk: TokenRule
    terminal: TokenRule
    reviewer: TokenRule
    grid_officer: TokenRule
    official: TokenRule
    operator: TokenRule
    department: TokenRule

    def of(self, role: str) -> TokenRule:
        """Return the rule of a role, by its name in a token."""
        rule: TokenRule = getattr(self, role.replace("-", "_"))
        return rule


def read_rules(path: Path) -> TokenRules:
    """Read the rules. Raises DataFileError when the file can't be used."""
    return load(path, TokenRules)


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """A token that was good: whom it speaks for, the key that signed it, and when it counts (seconds since 1970)."""

    principal: Principal
    kid: str
    key: jwt.PyJWK
    issued_at: float
    begins_at: int
    ends_at: int

    @property
    def seconds(self) -> float:
        """For how long it was issued."""
        return self.ends_at - self.issued_at


class KnownTokens:
    """The good tokens of one issuer, by their digests; of too many the latest ones."""

    def __init__(self, keys: IssuerKeys, leeway: float) -> None:
        self._keys = keys
        self._leeway = leeway
        self._checked: OrderedDict[bytes, CheckedToken] = OrderedDict()

    async def find(self, token: str) -> CheckedToken | None:
        """Return what is known of a token that would pass again: its key is the same, and by our clock it counts.

        Raises ConnectionError as long as no keys could be fetched.
        """
        known = self._checked.get(_digest(token))
        if known is None or not known.begins_at - self._leeway <= time() < known.ends_at + self._leeway:
            return None
        return known if await self._keys.find(known.kid) is known.key else None

    def remember(self, token: str, checked: CheckedToken) -> None:
        self._checked[_digest(token)] = checked
        if len(self._checked) > MOST_REMEMBERED:
            self._checked.popitem(last=False)


class Verifier:
    """Checks tokens against one issuer, one audience and the issuer's public keys (a file or an https address).

    A signature is checked once (`KnownTokens`); its key, its end and whether the provider ended it, each time.
    """

    def __init__(
        self,
        *,
        jwks: str,
        issuer: str,
        audience: str,
        leeway: float = CLOCK_LEEWAY,
        rules: TokenRules | None = None,
        revocation: Revocation | None = None,
        bound: Collection[Role] = BOUND,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = open_keys(jwks)
        self._known = KnownTokens(self._keys, leeway)
        self.leeway = leeway
        self._rules = rules or read_rules(RULES)
        self._revocation = revocation
        self.bound = BOUND | frozenset(bound)
        """Roles whose tokens count only with a proof of the key that they are bound to."""
        self._early_at = float("-inf")
        self.skew: Callable[[], Awaitable[float]] | None = None
        """Measures how many seconds our clock is ahead of the store's."""

    async def has_keys(self) -> bool:
        """Tell whether there are keys to check tokens with."""
        return await self._keys.are_there()

    def was_early(self, seconds: float) -> bool:
        """Tell whether a token of the issuer's came from our clock's future within so many seconds."""
        return monotonic() - self._early_at < seconds

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for.

        Raises NotAuthenticatedError; ConnectionError without any keys, when two clocks speak against ours, or when the
        provider does not say whether the token still counts.
        """
        known = await self._known.find(token) or await self._check(token)
        return await self._allowed(known.principal, token, known.seconds)

    async def read(self, token: str, at: datetime, leeway: timedelta) -> Principal:
        """Return whom a token spoke for at a moment, whatever has become of it since.

        Raises jwt.PyJWTError or ValueError for one that was not good, ConnectionError without any keys.
        """
        _, key = await self._key_of(token)
        claims = self._decoded(token, key, is_now=False)
        begins, ends = (int(claims[name]) for name in ("iat", "exp"))
        if not begins - leeway.total_seconds() <= at.timestamp() <= ends + leeway.total_seconds():
            raise jwt.InvalidTokenError("the token did not count then")
        return _principal(claims)

    def _decoded(self, token: str, key: jwt.PyJWK, *, is_now: bool = True) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=self.leeway,
            options={
                "require": ["exp", "iat", "sub", "iss", "aud", "role"],
                "verify_exp": is_now,
                "verify_iat": is_now,
                "verify_nbf": is_now,
            },
        )
        return claims

    async def _check(self, token: str) -> CheckedToken:
        try:
            kid, key = await self._key_of(token)
            claims = self._decoded(token, key)
            principal = _principal(claims)
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticatedError("expired-token") from error
        except jwt.ImmatureSignatureError as error:
            self._early_at = monotonic()
            EARLY.inc()
            if self.skew is not None and abs(await self.skew()) > self.leeway:
                raise ConnectionError("this process's clock is wrong") from error
            raise NotAuthenticatedError("early-token") from error
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise NotAuthenticatedError("bad-token") from error
        checked = CheckedToken(
            principal,
            kid,
            key,
            issued_at=float(claims["iat"]),
            begins_at=max(int(claims["iat"]), int(claims.get("nbf", 0))),
            ends_at=int(claims["exp"]),
        )
        self._known.remember(token, checked)
        return checked

    async def _allowed(self, principal: Principal, token: str, seconds: float) -> Principal:
        """Return who it is, if a token of that role may last so long and the provider has not ended it."""
        rule = self._rules.of(principal.role)
        if seconds > rule.hours * 3600:
            raise NotAuthenticatedError("long-token")
        if self._revocation is None or not rule.checked:
            return principal
        if not await self._revocation.counts(token):
            REVOKED.inc()
            raise NotAuthenticatedError("revoked-token")
        return replace(principal, counts=partial(self._revocation.counts, token))

    async def _key_of(self, token: str) -> tuple[str, jwt.PyJWK]:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str) or (key := await self._keys.find(kid)) is None:
            raise NotAuthenticatedError("bad-token")
        return kid, key


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _principal(claims: dict[str, Any]) -> Principal:
    if not claims["sub"]:
        raise ValueError("a token names its subject")
    return Principal(
        subject=claims["sub"],
        role=Role(claims["role"]),
        departments=_codes(claims, "departments"),
        communities=_codes(claims, "communities"),
        sign_in=SignIn.model_validate(claims),
        key=_bound_to(claims),
        expires_at=float(claims["exp"]),
    )


def _bound_to(claims: dict[str, Any]) -> str | None:
    """Return the thumbprint that a token is bound to. A token that is bound in a way that we can't check is no good."""
    cnf = claims.get("cnf")
    if cnf is None:
        return None
    if not isinstance(cnf, dict) or not isinstance(cnf.get("jkt"), str) or not cnf["jkt"]:
        raise ValueError("the token is bound to something that is not a key's thumbprint")
    return str(cnf["jkt"])


def _codes(claims: dict[str, Any], name: str) -> frozenset[str]:
    codes = claims.get(name) or []
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise ValueError(f"{name} is a list of codes")
    return frozenset(codes)
