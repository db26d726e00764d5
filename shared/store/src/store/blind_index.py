"""The blind index: a keyed hash that stands for an identity number wherever records are joined by it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from standards.normal_form import normal_text

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """HMAC-SHA-256 under a key that only the services and the record keepers hold."""

    key: bytes = field(repr=False)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a key of at least 32 bytes, written as hex. Raises ValueError when it is shorter."""
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) < _KEY_BYTES:
            message = f"{path}: a blind-index key has at least {_KEY_BYTES} bytes, this one has {len(key)}"
            raise ValueError(message)
        return cls(key)

    def of(self, number: str) -> str:
        """Return the index of an identity number, the same for full-width, spaced, padded and lower-case writings."""
        normal = "".join(normal_text(number).split()).upper()
        return hmac.digest(self.key, normal.encode(), "sha256").hex()
