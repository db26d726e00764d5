"""Chains of hashes: each link covers what it says and the hash of the one before, so none can go or change unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

BEGINNING = "0" * 64
"""What stands for the hash before the first link."""


def digest(told: object) -> str:
    """Return the SHA-256, in hex, of JSON with sorted keys and no blanks, in UTF-8.

    Unlike `canonical_json` it spells any number: what was altered in a store must differ, and not stop a check.
    """
    return sha256(json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def stamp(at: datetime) -> str:
    """Write a moment as it is hashed: ISO 8601 in UTC with milliseconds, such as 2026-11-24T06:30:02.498+00:00."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
