"""`make event-secrets`: new keys for what events say of people, a file for each service with those that it may read.

Operations may read all, so its file is the one from which those of the others are made.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bus import topology
from bus.event_encryption import KEY_BYTES, secrets_file
from bus.topology import OPERATIONS
from local_stack.layout import ROOT, Layout
from local_stack.secret_files import once, replace
from standards import base64url

_ID_BYTES = 12
Entry = Mapping[str, str]


@cache
def audiences() -> Mapping[str, frozenset[str]]:
    """Return the services that may read what is encrypted under each name."""
    return topology.load(ROOT / "shared" / "contracts" / "topology.toml").audiences


def ensure_event_secrets(folder: Path) -> None:
    """Make the keys that are missing, and give each service those that it may have."""
    once(folder / secrets_file(OPERATIONS), lambda: _file([_new(name) for name in audiences()]))
    known = _entries(folder)
    held = {each["event"] for each in known}
    _hand_out(folder, [*known, *(_new(name) for name in audiences() if name not in held)])


def rotate_event_secrets(folder: Path, *, forget: timedelta | None = None) -> int:
    """Encrypt everything with new keys from now on, which every reader has before the first publisher uses one.

    The keys before go on being read; those that were replaced longer ago than `forget` are removed, and what is still
    encrypted with one can't be read any more. Return the number of keys before that are kept.
    """
    ensure_event_secrets(folder)
    now = datetime.now(UTC)
    before = [{"until": now.isoformat(timespec="seconds"), **each} for each in _entries(folder)]
    kept = [each for each in before if forget is None or datetime.fromisoformat(each["until"]) >= now - forget]
    new = [_new(name) for name in audiences()]
    _hand_out(folder, [*kept, *new])
    _hand_out(folder, [*new, *kept])
    return len(kept)


def _new(name: str) -> Entry:
    key = base64url.encode(secrets.token_bytes(KEY_BYTES))
    return {"kty": "oct", "kid": base64url.encode(secrets.token_bytes(_ID_BYTES)), "event": name, "k": key}


def _entries(folder: Path) -> list[Entry]:
    return list(json.loads((folder / secrets_file(OPERATIONS)).read_bytes())["keys"])


def _hand_out(folder: Path, entries: Sequence[Entry]) -> None:
    """Write each service's file, unless it is so already; operations' first, as the others can be made from it."""
    operations = frozenset((OPERATIONS,))  # it may still have messages of an event that there is no more
    services = {service for readers in audiences().values() for service in readers}
    for service in sorted(services, key=lambda each: (each != OPERATIONS, each)):
        path = folder / secrets_file(service)
        content = _file([each for each in entries if service in audiences().get(each["event"], operations)])
        if not path.exists() or path.read_bytes() != content:
            replace(path, content)


def _file(entries: Sequence[Entry]) -> bytes:
    return f"{json.dumps({'keys': entries}, indent=1)}\n".encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Give all events new keys."""
    parser = argparse.ArgumentParser(prog="event-secrets", description="New keys for what events say of people.")
    parser.add_argument("--forget", type=float, metavar="DAYS", help="remove keys that were replaced longer ago")
    wanted = parser.parse_args(arguments)
    folder = Path(os.environ.get("YIZHENG_KEYS", "") or Layout.from_environment().keys)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = rotate_event_secrets(folder, forget=None if wanted.forget is None else timedelta(days=wanted.forget))
    print(f"{len(audiences())} new keys, used within seconds; {kept} from before go on being read: {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
