"""The issuer's public keys: read from a file or fetched from an address, kept, and found by their id.

Only keys for signatures are taken, each with the one algorithm that fits it (RFC 8725, 3.1): a token never chooses.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import jwt
import structlog

from runtime.data_files import DataFileError

FRESH = 300.0
"""Seconds after which fetched keys are fetched again, while requests go on with those that there are."""
PAUSE = 10.0
"""Seconds between two fetches at least, whoever asks and for whatever key."""
PATIENCE = 2.0
"""Seconds that a request waits for a key that is not known yet."""
LONGEST_FETCH = 10.0
LARGEST = 256 * 1024
"""Bytes of a key set at most."""

_SHORTEST_RSA = 2048
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})

Keys = Mapping[str, jwt.PyJWK]
log = structlog.get_logger()


class IssuerKeys(Protocol):
    """The public keys of one issuer."""

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of an id, None when the issuer has none. Raises ConnectionError when nobody knows."""

    async def are_there(self) -> bool:
        """Tell whether any token can be checked; keys that were never fetched are begun to be."""


def open_keys(where: str) -> IssuerKeys:
    """Return the keys of a file or an https address (http only on this machine).

    Raises DataFileError for what can't be used.
    """
    if "://" not in where:
        return FileKeys(Path(where))
    address = urlsplit(where)
    if address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOCAL):
        return RemoteKeys(where)
    raise DataFileError(f"{where}: the issuer's keys are a file or an https address")


class FileKeys:
    """Keys of a file that is read again when it changes; one that can't be read then changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._seen = self._stamp()
            self._keys = read(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DataFileError(f"{path}:1: the issuer's keys can't be used: {error}") from error

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of an id."""
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._keys, self._seen = read(self._path.read_bytes()), stamp
        except (OSError, ValueError) as error:
            log.warning("issuer_keys_unreadable", path=str(self._path), error=repr(error))
        return self._keys.get(kid)

    async def are_there(self) -> bool:
        """Tell that there are keys: without them, nothing starts."""
        return bool(self._keys)

    def _stamp(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size


class RemoteKeys:
    """Keys of an address. There is one fetch at a time, and the keys that there are work while it fails or lasts."""

    def __init__(self, address: str, *, fresh: float = FRESH, pause: float = PAUSE, patience: float = PATIENCE) -> None:
        self._address = address
        self._fresh, self._pause, self._patience = fresh, pause, patience
        self._keys: Keys | None = None
        self._fetched = self._tried = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of an id. Raises ConnectionError as long as no keys could be fetched at all."""
        if self._keys is not None and kid in self._keys:
            if monotonic() - self._fetched > self._fresh:
                self._fetch_soon()
            return self._keys[kid]
        await self._wait_for_fetch()
        if self._keys is None:
            raise ConnectionError("the issuer's keys could not be fetched yet")
        return self._keys.get(kid)

    async def are_there(self) -> bool:
        """Tell whether keys were ever fetched, and begin to if they were not."""
        if self._keys is None:
            await self._wait_for_fetch()
        return self._keys is not None

    async def _wait_for_fetch(self) -> None:
        self._fetch_soon()
        if self._fetching is not None:
            await asyncio.wait([self._fetching], timeout=self._patience)

    def _fetch_soon(self) -> None:
        """Begin to fetch, unless that is under way or was tried a moment ago."""
        if self._fetching is not None and not self._fetching.done():
            return
        if monotonic() - self._tried < self._pause:
            return
        self._tried = monotonic()
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(LONGEST_FETCH):
                self._keys = read(await self._body())
            self._fetched = monotonic()
        except (httpx.HTTPError, OSError, TimeoutError, ValueError) as error:
            log.warning("issuer_keys_not_fetched", address=self._address, error=repr(error))

    async def _body(self) -> bytes:
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)  # reads files for some 50 ms
        body = b""
        async with (
            httpx.AsyncClient(verify=self._tls, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", self._address, headers={"Accept": "application/json"}) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise ValueError(f"the key set is larger than {LARGEST} bytes")
        return body


def read(body: bytes) -> Keys:
    """Read a key set (RFC 7517). Keys for something else are left out. Raises ValueError when none can be used."""
    listed = json.loads(body)
    listed = listed.get("keys") if isinstance(listed, dict) else None
    listed = listed if isinstance(listed, list) else []
    keys = {str(jwk["kid"]): key for jwk in listed if isinstance(jwk, dict) and (key := _usable(jwk))}
    if not keys:
        raise ValueError("there is no key for signatures in the key set")
    return keys


def _usable(jwk: dict[str, Any]) -> jwt.PyJWK | None:
    algorithm = algorithm_of(jwk)
    if algorithm is None or not jwk.get("kid") or jwk.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(jwk, algorithm)
    except jwt.PyJWTError:
        return None
    return key if jwk["kty"] != "RSA" or key.key.key_size >= _SHORTEST_RSA else None


def algorithm_of(jwk: Mapping[str, Any]) -> str | None:
    """Return the one algorithm for an asymmetric key; None for any other key, or one that names another algorithm."""
    named = jwk.get("alg")
    if jwk.get("kty") == "RSA":
        return named if named in _RSA else "RS256" if named is None else None
    if jwk.get("kty") in {"EC", "OKP"}:
        fits = _CURVES.get(str(jwk.get("crv")))
        return fits if named in (None, fits) else None
    return None
