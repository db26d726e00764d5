"""Signing events in tests, as whoever may say them.

Keys come from the folder that YIZHENG_KEYS names where it holds the publisher's, so that running services believe them;
else each publisher has one of its own that is always the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from messaging.signatures import KEYS_FILE, EventKeys, EventSigner, key_file, public_jwk
from messaging.topology import Topology


@cache
def signer(owner: str) -> EventSigner:
    """Return what signs for a publisher that no service knows by a file."""
    return EventSigner(owner, _key(owner))


def keys(declared: Topology, *others: str) -> EventKeys:
    """Return the keys of everybody who publishes in a topology, and of others."""
    with TemporaryDirectory() as folder:
        write(Path(folder), (*_publishers(declared), *others))
        return EventKeys(declared, Path(folder) / KEYS_FILE)


def write(folder: Path, owners: Iterable[str]) -> None:
    """Add the public keys of publishers to a folder of keys."""
    path = folder / KEYS_FILE
    known = json.loads(path.read_text(encoding="utf-8"))["keys"] if path.exists() else []
    added = [public_jwk(_key(owner).public_key(), owner) for owner in owners]
    path.write_text(json.dumps({"keys": [*known, *added]}), encoding="utf-8")


def write_private(folder: Path, owner: str) -> None:
    """Have an owner sign with the key by which `signer` does; before the folder's other keys are made."""
    folder.mkdir(parents=True, exist_ok=True)
    pem = _key(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / key_file(owner)).write_bytes(pem)


def signed(event: Mapping[str, Any] | bytes, *, by: str = "", folder: Path | None = None) -> bytes:
    """Return an event signed by its publisher, or `by` another; what is no event stays as it is."""
    body = event if isinstance(event, bytes) else orjson.dumps(event)
    said = event if isinstance(event, Mapping) else _read(body)
    owner = by or str(said.get("type", "")).partition(".")[0]
    if not owner:
        return body
    if "signature" in said:
        body = orjson.dumps({name: value for name, value in said.items() if name != "signature"})
    known = {
        path.name: path for path in (folder or Path(os.environ.get("YIZHENG_KEYS", "nowhere"))).glob(key_file("*"))
    }
    path = known.get(key_file(owner))
    return (EventSigner.from_file(owner, path) if path else signer(owner)).sign(body.rstrip())


def _key(owner: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(f"tests {owner}".encode()).digest())


def _publishers(declared: Topology) -> set[str]:
    named = {key.partition(".")[0] for key in declared.subscriptions} - {"*"}
    return named | set(declared.departments) | set(declared.parties)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
