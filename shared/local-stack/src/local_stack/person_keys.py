"""`make person-key`: the district's key that departments encrypt to what describes the person of a record."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from local_stack.layout import Layout
from local_stack.secret_files import once, replace
from records.person_encryption import PRIVATE_KEYS, PUBLIC_KEYS
from standards.moments import read_moment

OVERLAP_DAYS = 90
"""So long the key before still opens: departments have fetched the new one, failed messages have been replayed."""
_PUBLIC_PARTS = ("kty", "crv", "x", "y", "kid", "use", "alg")


def ensure_person_keys(folder: Path) -> None:
    """Make the private key unless it is there, and publish the public half of the newest."""
    once(folder / PRIVATE_KEYS, lambda: _written([new_person_key()]))
    once(folder / PUBLIC_KEYS, lambda: _written([public_half(_entries(folder)[0])]))


def rotate_person_key(folder: Path, *, days: float = OVERLAP_DAYS, lost: bool = False) -> str:
    """Publish a new key; return its id. Older ones open for some days more; with `lost`, not any more.

    Keys that have ended are removed: what was encrypted to them can't be opened by anybody from then on.
    """
    ensure_person_keys(folder)
    now = datetime.now(UTC)
    ends = {"until": (now + timedelta(days=days)).isoformat(timespec="seconds")}
    before = [] if lost else [{**ends, **each} for each in _entries(folder)]
    new = new_person_key()
    kept = [each for each in before if read_moment(each["until"]) > now]
    replace(folder / PRIVATE_KEYS, _written([new, *kept]))  # opens before anybody encrypts to it
    replace(folder / PUBLIC_KEYS, _written([public_half(new)]))
    return str(new["kid"])


def new_person_key() -> dict[str, Any]:
    """Return a new private key, a JWK."""
    key = ECKey.generate_key("P-256")
    return {**key.as_dict(private=True), "kid": key.thumbprint(), "use": "enc", "alg": "ECDH-ES"}


def public_half(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in _PUBLIC_PARTS}


def _entries(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / PRIVATE_KEYS).read_bytes())["keys"])


def _written(entries: Sequence[Mapping[str, Any]]) -> bytes:
    return f"{json.dumps({'keys': list(entries)}, indent=2)}\n".encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish a new key."""
    parser = argparse.ArgumentParser(prog="person-key", description="A new key that departments encrypt persons to.")
    parser.add_argument("--days", type=float, default=OVERLAP_DAYS, help="how long the key before still opens")
    parser.add_argument("--lost", action="store_true", help="the key before opens nothing any more")
    wanted = parser.parse_args(arguments)
    folder = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    kid = rotate_person_key(folder, days=wanted.days, lost=wanted.lost)
    ends = "opens nothing any more" if wanted.lost else f"opens for {wanted.days:g} more days"
    print(f"departments encrypt to {kid}: hand {folder / PUBLIC_KEYS} to each; the key before {ends}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
