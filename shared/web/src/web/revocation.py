"""Whether a token still counts, by its issuer: token introspection (RFC 7662), asked again and again while it is used.

An answer is asked for anew once it is FRESH seconds old, while requests go on with the old one, and counts for nothing
after LONGEST: what the provider ends has ended here within a minute. While the provider can't be reached nobody whose
token is to be checked gets on; the services answer 503.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import httpx
import structlog
from prometheus_client import Counter
from pydantic import BaseModel, ValidationError

from runtime.data_files import DataFileError

SECRET = "introspection.key"  # noqa: S105 - the name of a file
FRESH = 15.0
LONGEST = 45.0
PATIENCE = 3.0
"""Seconds that an answer is waited for."""
MOST = 20_000
"""Tokens of which the latest answer is kept."""
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})

REVOKED = Counter("yizheng_tokens_revoked", "Requests refused because the provider has ended their token")
UNANSWERED = Counter("yizheng_tokens_unchecked", "Questions to the provider that it did not answer")

log = structlog.get_logger()


class _Answer(BaseModel):
    active: bool


Ask = Callable[[str], Awaitable[bool]]
"""Asks whether a token is active. Raises ConnectionError."""


@dataclass(slots=True)
class _Checked:
    """The latest answer, and the question that is under way."""

    at: float = float("-inf")
    active: bool = True
    asking: asyncio.Task[None] | None = None


class Revocation:
    """Asks the provider, and remembers its latest answers by the tokens' digests."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: OrderedDict[bytes, _Checked] = OrderedDict()

    async def counts(self, token: str) -> bool:
        """Tell whether a token still counts. Raises ConnectionError when that is not known, or not any more."""
        known = self._of(token)
        if not known.active:
            return False
        age = self._clock() - known.at
        if age > FRESH and known.asking is None:
            known.asking = asyncio.create_task(self._look(token, known))
        if age > LONGEST and known.asking is not None:
            await asyncio.wait([known.asking])
            if self._clock() - known.at > LONGEST:
                raise ConnectionError("the identity provider does not say whether the token still counts")
        return known.active

    def _of(self, token: str) -> _Checked:
        key = sha256(token.encode()).digest()
        known = self._known.setdefault(key, _Checked())
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return known

    async def _look(self, token: str, known: _Checked) -> None:
        asked_at = self._clock()
        try:
            known.active, known.at = await self._ask(token), asked_at
        except ConnectionError as error:
            UNANSWERED.inc()
            log.warning("token_not_checked", error=repr(error))
        finally:
            known.asking = None


def open_revocation(address: str, client: str, keys: Path, authority: Path | None) -> Revocation | None:
    """Return what asks the provider at an https address (http only on this machine); None without one.

    Raises DataFileError for what can't be used.
    """
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise DataFileError(f"{address}: the provider is asked at an https address")
    path = keys / SECRET
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path}: the secret for {address} can't be used: {error}") from error
    return Revocation(_Introspection(address, (client, secret), authority).ask)


class _Introspection:
    """The provider's endpoint (RFC 7662), over one kept connection."""

    def __init__(self, address: str, login: tuple[str, str], authority: Path | None) -> None:
        self._address = address
        self._login = login
        self._authority = authority
        self._client: httpx.AsyncClient | None = None

    async def ask(self, token: str) -> bool:
        """Ask once. Raises ConnectionError."""
        try:
            if self._client is None:
                trusted = await asyncio.to_thread(self._trusted)
                self._client = httpx.AsyncClient(verify=trusted, timeout=PATIENCE, auth=self._login, trust_env=False)
            form = {"token": token, "token_type_hint": "access_token"}
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.post(self._address, data=form)
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content).active
        except (httpx.HTTPError, OSError, ValidationError) as error:
            raise ConnectionError(repr(error)) from error

    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._authority) if self._authority else None)
