"""Tokens with a signature that was checked: it is not checked again until the token ends or its key is another one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING

import jwt

from web.issuer_keys import IssuerKeys

if TYPE_CHECKING:
    from web.auth import Principal

MOST_REMEMBERED = 10_000
"""Tokens that are remembered: some 5 MB."""


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
        """Remember a good token."""
        self._checked[_digest(token)] = checked
        if len(self._checked) > MOST_REMEMBERED:
            self._checked.popitem(last=False)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
