"""Signing events in tests, as whoever may say them.

Keys come from the folder that YIZHENG_KEYS names where it holds the publisher's, so that running services believe them;
else each publisher has one of its own that is always the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256, shake_256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bus.event_encryption import KEY_BYTES, EventCipher, Secret, secrets_file
from bus.signatures import KEYS_FILE, EventKeys, EventSigner, key_file, public_jwk
from bus.topology import OPERATIONS, Topology
from standards import base64url


def secret(name: str) -> Secret:
    """Return the key of a name, which is its id, too."""
    return Secret(name, name, AESSIV(_bytes_of(name)))


def _bytes_of(name: str) -> bytes:
    return shake_256(f"tests {name}".encode()).digest(KEY_BYTES)


CIPHER = EventCipher(lambda name: secret(name) if "." in name else None)
"""Reads and writes everything, under keys that no service knows by a file."""


def write_secrets(folder: Path, service: str, declared: Topology) -> None:
    """Add the keys of everything in a topology to those that a service reads from a folder."""
    path = folder / secrets_file(service)
    known = json.loads(path.read_text(encoding="utf-8"))["keys"] if path.exists() else []
    added = [{"kid": name, "event": name, "k": base64url.encode(_bytes_of(name))} for name in declared.audiences]
    path.write_text(json.dumps({"keys": [*known, *added]}), encoding="utf-8")


@cache
def signer(owner: str) -> EventSigner:
    """Return what signs for a publisher that no service knows by a file."""
    return EventSigner(owner, private_key(owner), CIPHER)


def keys(declared: Topology, *others: str) -> EventKeys:
    """Return the keys of everybody who publishes in a topology, and of others."""
    with TemporaryDirectory() as folder:
        write(Path(folder), (*_publishers(declared), *others))
        return EventKeys(declared, Path(folder) / KEYS_FILE, CIPHER)


def write(folder: Path, owners: Iterable[str]) -> None:
    """Add the public keys of publishers to a folder of keys."""
    path = folder / KEYS_FILE
    known = json.loads(path.read_text(encoding="utf-8"))["keys"] if path.exists() else []
    added = [public_jwk(private_key(owner).public_key(), owner) for owner in owners]
    path.write_text(json.dumps({"keys": [*known, *added]}), encoding="utf-8")


def write_private(folder: Path, owner: str) -> None:
    """Have an owner sign with the key by which `signer` does; before the folder's other keys are made."""
    folder.mkdir(parents=True, exist_ok=True)
    pem = private_key(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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


def in_clear(body: bytes, folder: Path | None = None) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return an event that running services published, with what it says of people, as operations reads it."""
    path = (folder or Path(os.environ.get("YIZHENG_KEYS", "nowhere"))) / secrets_file(OPERATIONS)
    cipher = EventCipher.from_file(path) if path.exists() else CIPHER
    return cipher.decrypted_event(orjson.loads(body))


def private_key(owner: str) -> Ed25519PrivateKey:
    """Return the key with which `signer` signs."""
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
