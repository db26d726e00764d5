"""`make event-key OWNER=health`: the keys that sign events, one for each service, each department and the city.

A department may make its own and hand over the public half only (`--public`): from then on nobody here can sign for it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bus import topology
from bus.signatures import KEYS_FILE, key_file, public_jwk
from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout
from local_stack.secret_files import once, replace

ELSEWHERE = "kept_elsewhere"
"""Marks the newest key of a department that keeps the private half itself."""
OVERLAP_HOURS = 24.0
"""So long the key before counts for what is signed with it: until its owner was started with the new one."""


@cache
def owners() -> tuple[str, ...]:
    """Return everybody who may publish: the services and the systems outside."""
    declared = topology.load(ROOT / "shared" / "contracts" / "topology.toml")
    return (*declared.parties, *declared.departments)


def ensure_event_keys(folder: Path) -> None:
    """Make the private keys that are missing, and the file of all public halves. Who keeps its own key gets none."""
    known = _entries(folder)
    held = {each["kid"] for each in known}
    elsewhere = {each["owner"] for each in known if each.get(ELSEWHERE)}
    found = [_make(folder, owner) for owner in owners() if owner not in elsewhere]
    missing = [each for each in found if each["kid"] not in held]
    if missing:
        _write(folder, [*known, *missing])


def rotate_event_key(folder: Path, owner: str, *, hours: float = OVERLAP_HOURS, lost: bool = False) -> str:
    """Give an owner a new key; return its id. The one before ends after some hours; one that was lost, at once.

    What a lost key has signed counts no more, whenever that was. Raises StackError for an unknown owner.
    """
    if owner not in owners():
        raise StackError(f"nobody of the name {owner!r} publishes; OWNER is one of {', '.join(owners())}")
    ensure_event_keys(folder)
    pem = new_event_key()
    new = _public(pem, owner)
    _succeed(folder, new, hours=hours, lost=lost)  # known everywhere before anything is signed with it
    replace(folder / key_file(owner), pem)
    return str(new["kid"])


def register_event_key(
    folder: Path, owner: str, public: bytes, *, hours: float = OVERLAP_HOURS, lost: bool = False
) -> str:
    """Register the public half (PEM) of a key that a department made itself; return its id.

    The one before ends as at a rotation; our private half of it is removed, and none is made for this department any
    more. Raises StackError for anybody else than a department, and for what is no such key or another's.
    """
    if owner not in topology.load(ROOT / "shared" / "contracts" / "topology.toml").departments:
        raise StackError(f"{owner!r} is no department; a service's key is made where the service runs")
    try:
        key = load_pem_public_key(public)
    except ValueError as error:
        kind = "a private key: keep it, and hand over its public half" if b"PRIVATE" in public else "no public key, PEM"
        raise StackError(f"that is {kind} (openssl pkey -in own.pem -pubout)") from error
    if not isinstance(key, Ed25519PublicKey):
        raise StackError("events are signed with Ed25519 (openssl genpkey -algorithm ed25519 -out own.pem)")
    new = {**public_jwk(key, owner), ELSEWHERE: True}
    ensure_event_keys(folder)
    if any(each["kid"] == new["kid"] for each in _entries(folder)):
        raise StackError(f"{new['kid']} is registered already; a key belongs to one, and is used once")
    _succeed(folder, new, hours=hours, lost=lost)
    (folder / key_file(owner)).unlink(missing_ok=True)
    return str(new["kid"])


def _succeed(folder: Path, new: Mapping[str, Any], *, hours: float, lost: bool) -> None:
    """Write a key as its owner's newest. The ones before end after some hours; those that were lost, at once."""
    ends = {"until": (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")}
    known = _entries(folder)
    others = [each for each in known if each["owner"] != new["owner"]]
    before = [] if lost else [ends | each for each in known if each["owner"] == new["owner"]]
    _write(folder, [*others, *(_without_mark(each) for each in before), new])


def _without_mark(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in entry.items() if name != ELSEWHERE}


def key_id_of(folder: Path, owner: str) -> str:
    """Return the id of the key with which an owner signs."""
    return str(_public((folder / key_file(owner)).read_bytes(), owner)["kid"])


def new_event_key() -> bytes:
    """Return a new private key, as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _make(folder: Path, owner: str) -> Mapping[str, Any]:
    once(folder / key_file(owner), new_event_key)
    return _public((folder / key_file(owner)).read_bytes(), owner)


def _public(pem: bytes, owner: str) -> Mapping[str, Any]:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise StackError(f"{key_file(owner)} is no Ed25519 key; remove it to have a new one made")
    return public_jwk(key.public_key(), owner)


def _entries(folder: Path) -> list[dict[str, Any]]:
    path = folder / KEYS_FILE
    return list(json.loads(path.read_bytes())["keys"]) if path.exists() else []


def _write(folder: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    replace(folder / KEYS_FILE, f"{json.dumps({'keys': list(entries)}, indent=2)}\n".encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Give one owner a new key."""
    parser = argparse.ArgumentParser(prog="event-key", description="A new key that signs the events of one publisher.")
    parser.add_argument("owner", help="a service, or a department's code")
    parser.add_argument("--hours", type=float, default=OVERLAP_HOURS, help="how long the key before still counts")
    parser.add_argument("--lost", action="store_true", help="the key before counts for nothing any more")
    parser.add_argument("--public", type=Path, help="the public half (PEM) of a key that a department made itself")
    wanted = parser.parse_args(arguments)
    folder = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    try:
        if wanted.public is not None:
            public = wanted.public.read_bytes()
            kid = register_event_key(folder, wanted.owner, public, hours=wanted.hours, lost=wanted.lost)
        else:
            kid = rotate_event_key(folder, wanted.owner, hours=wanted.hours, lost=wanted.lost)
    except (StackError, OSError) as error:
        print(f"event-key: {error}", file=sys.stderr)
        return 2
    ends = "counts for nothing any more" if wanted.lost else f"counts for {wanted.hours:g} more hours"
    print(f"{wanted.owner} signs with {kid} once it is started again, or has the new file; the key before {ends}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
