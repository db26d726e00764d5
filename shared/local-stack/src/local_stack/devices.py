"""Keys that development tokens are bound to, of terminals and of people: each request proves the key of its token.

`make terminal ARGS="POST /v1/lookups '{…}'" SUBJECT=terminal-1 COMMUNITIES=440309002007` calls the gateway as a
terminal, `make signed ROLE=reviewer SUBJECT=health-7 DEPARTMENTS=health ARGS="GET /v1/tasks"` as a person.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from local_stack.keys import ALGORITHM, new_private_key
from local_stack.secret_files import once
from web.proof import DELEGATION, TYPE, content_digest, digest, thumbprint

FOLDER = "devices"

Prove = Callable[[str, str, str, bytes | None], dict[str, str]]
"""Method, address, token and content (None: a file) to the headers that prove the token's key."""


def key_path(keys: Path, subject: str) -> Path:
    """Return where the key is kept that the tokens of a terminal or person are bound to."""
    return keys / FOLDER / f"{quote(subject, safe='')}.pem"


class Device:
    """A device's key, kept under the development keys, and its counter.

    The counter goes by the clock, so that it goes up over restarts. One device sends one request after the other.
    """

    def __init__(self, keys: Path, subject: str) -> None:
        path = key_path(keys, subject)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        once(path, new_private_key)
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - it was made here
        self._key = key
        self._jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self._last = 0

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the key, which the device's tokens name."""
        return thumbprint(self._jwk)

    def headers(self, method: str, url: str, token: str, body: bytes | None = None) -> dict[str, str]:
        """Return the headers of one request: the token, and the proof for this request alone, with its body."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token, body=body)}

    def delegation(self, token: str, key: str, *, seconds: int = 1500, counter: int | None = None) -> str:
        """Let another program's key, named by its thumbprint, prove for this device with this token for a while."""
        now = int(time.time())
        claims = {
            "jti": secrets.token_hex(12),
            "cnf": {"jkt": key},
            "ath": digest(token),
            "iat": now,
            "exp": now + seconds,
            "ctr": self._counted() if counter is None else counter,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": DELEGATION, "jwk": self._jwk})

    def proof(
        self, method: str, url: str, token: str, *, body: bytes | None = None, counter: int | None = None, dlg: str = ""
    ) -> str:
        """Return a proof, under a delegation `dlg`; a `counter` of one's own choice only to try what happens then."""
        claims = {
            "jti": secrets.token_hex(12),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
            "ath": digest(token),
            "ctr": self._counted() if counter is None else counter,
            **({"dlg": dlg} if dlg else {}),
            **({} if body is None else {"content_digest": content_digest(body)}),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TYPE, "jwk": self._jwk})

    def _counted(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last


def prover(keys: Path) -> Prove:
    """Return what proves the keys of development tokens; for a token that is bound to none of them it gives nothing."""
    devices: dict[str, Device | None] = {}

    def prove(method: str, url: str, token: str, content: bytes | None) -> dict[str, str]:
        if token not in devices:
            devices[token] = device_of(keys, token)
        device = devices[token]
        return {} if device is None else device.headers(method, url, token, content)

    return prove


def device_of(keys: Path, token: str) -> Device | None:
    """Return the device of a development token's subject; None where the token is not bound to its key."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        bound_to, subject = claims["cnf"]["jkt"], str(claims["sub"])
    except (jwt.PyJWTError, KeyError, TypeError):
        return None
    device = Device(keys, subject)
    return device if device.thumbprint == bound_to else None


class ProvingAuth(httpx.Auth):
    """Proves the key of each bearer token that a client sends, if it is bound to one of the development keys."""

    def __init__(self, keys: Path) -> None:
        self._prove = prover(keys)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Prove the key for a request and its content."""
        self._add(request, request.read())
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Prove the key for a request and its content."""
        self._add(request, await request.aread())
        yield request

    def _add(self, request: httpx.Request, content: bytes) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            request.headers.update(self._prove(request.method, str(request.url), token, content))


def main(arguments: Sequence[str] | None = None) -> int:
    """Call the gateway with a signed request and print the answer."""
    from local_stack.certificates import trust, vouching  # noqa: PLC0415 - only the command calls the gateway
    from local_stack.failure import StackError  # noqa: PLC0415 - the same
    from local_stack.layout import Layout  # noqa: PLC0415 - tokens needs devices, and layout is for the command alone
    from local_stack.ports import Ports  # noqa: PLC0415 - the same
    from local_stack.tokens import ROLES, check_communities, check_departments, offices, sign  # noqa: PLC0415 - the same

    parser = argparse.ArgumentParser(prog="signed", description="Call the gateway, and sign the request with a key.")
    parser.add_argument("--role", default="terminal", choices=ROLES)
    parser.add_argument("--subject", default="")
    parser.add_argument("--departments", default="")
    parser.add_argument("--communities", default="")
    parser.add_argument("--key", default="", help="an Idempotency-Key")
    parser.add_argument("method")
    parser.add_argument("path")
    parser.add_argument("body", nargs="?", help="JSON; - for standard input")
    wanted = parser.parse_args(arguments)
    keys = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    subject = wanted.subject or f"{wanted.role}-1"
    communities, departments = (
        [code for code in codes.split(",") if code] for codes in (wanted.communities, wanted.departments)
    )
    try:
        check_communities(communities)
        check_departments(departments, offices())
    except StackError as error:
        print(f"signed: {error}", file=sys.stderr)
        return 2
    url = (os.environ.get("GATEWAY", "") or Ports.from_environment().gateway_url) + wanted.path
    authority = vouching(keys)
    try:
        text = sys.stdin.read() if wanted.body == "-" else wanted.body
        content = json.dumps(json.loads(text)).encode() if text else b""
    except ValueError as error:
        print(f"signed: the body is not JSON: {error}", file=sys.stderr)
        return 2
    token = sign(keys, wanted.role, subject=subject, departments=departments, communities=communities, bound=True)
    headers = {"Idempotency-Key": wanted.key} if wanted.key else {}
    headers |= {"Content-Type": "application/json", **Device(keys, subject).headers(wanted.method, url, token, content)}
    verify = trust(authority) if authority else True
    try:
        answer = httpx.request(
            wanted.method, url, content=content, headers=headers, timeout=30, verify=verify, trust_env=False
        )
    except httpx.TransportError as error:
        print(f"signed: no answer from {url}: {error}; is the system up (make run)?", file=sys.stderr)
        return 2
    print(answer.text)
    return 0 if answer.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
