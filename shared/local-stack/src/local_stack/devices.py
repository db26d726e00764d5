"""A device with a key of its own, such as a terminal: it proves with each request that it holds the key of its token.

`make terminal ARGS="POST /v1/lookups '{…}'" SUBJECT=terminal-1 COMMUNITIES=440309002007` calls the gateway as one.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from local_stack.keys import ALGORITHM, new_private_key
from local_stack.secret_files import once
from runtime.proof import DELEGATION, TYPE, digest, thumbprint

FOLDER = "devices"


class Device:
    """A device's key, kept under the development keys, and its counter.

    The counter goes by the clock, so that it goes up over restarts. One device sends one request after the other.
    """

    def __init__(self, keys: Path, subject: str) -> None:
        folder = keys / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{subject}.pem"
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

    def headers(self, method: str, url: str, token: str) -> dict[str, str]:
        """Return the headers of one request: the token, and the proof for this request alone."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token)}

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

    def proof(self, method: str, url: str, token: str, *, counter: int | None = None, dlg: str = "") -> str:
        """Return a proof, under a delegation `dlg`; a `counter` of one's own choice only to try what happens then."""
        claims = {
            "jti": secrets.token_hex(12),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
            "ath": digest(token),
            "ctr": self._counted() if counter is None else counter,
            **({"dlg": dlg} if dlg else {}),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TYPE, "jwk": self._jwk})

    def _counted(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last


def main(arguments: Sequence[str] | None = None) -> int:
    """Call the gateway as a terminal and print the answer."""
    from local_stack.certificates import trust, vouching  # noqa: PLC0415 - only the command calls the gateway
    from local_stack.failure import StackError  # noqa: PLC0415 - the same
    from local_stack.layout import Layout  # noqa: PLC0415 - tokens needs devices, and layout is for the command alone
    from local_stack.ports import Ports  # noqa: PLC0415 - the same
    from local_stack.tokens import check_communities, sign  # noqa: PLC0415 - the same

    parser = argparse.ArgumentParser(prog="terminal", description="Call the gateway as a terminal, with its key.")
    parser.add_argument("--subject", default="")
    parser.add_argument("--communities", default="")
    parser.add_argument("method")
    parser.add_argument("path")
    parser.add_argument("body", nargs="?", help="JSON")
    wanted = parser.parse_args(arguments)
    keys = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    subject = wanted.subject or "terminal-1"
    communities = [code for code in wanted.communities.split(",") if code]
    try:
        check_communities(communities)
    except StackError as error:
        print(f"terminal: {error}", file=sys.stderr)
        return 2
    url = (os.environ.get("GATEWAY", "") or Ports.from_environment().gateway_url) + wanted.path
    authority = vouching(keys)
    headers = Device(keys, subject).headers(
        wanted.method, url, sign(keys, "terminal", subject=subject, communities=communities)
    )
    try:
        body = json.loads(wanted.body) if wanted.body else None
    except ValueError as error:
        print(f"terminal: the body is not JSON: {error}", file=sys.stderr)
        return 2
    verify = trust(authority) if authority else True
    try:
        answer = httpx.request(
            wanted.method, url, json=body, headers=headers, timeout=30, verify=verify, trust_env=False
        )
    except httpx.TransportError as error:
        print(f"terminal: no answer from {url}: {error}; is the system up (make run)?", file=sys.stderr)
        return 2
    print(answer.text)
    return 0 if answer.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
