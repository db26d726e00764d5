"""Identity numbers under keys: encrypted for keeping, hashed for joining, masked for showing.

The only file that holds the key of the numbers; nothing else in the system can read one back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, MultiFernet

from runtime.blind_index import BlindIndex
from runtime.data_files import DataFileError
from standards import mask


@dataclass(frozen=True, slots=True)
class NumberVault:
    """Encrypts with the first key and reads with any, so that a new key can be put before an old one."""

    fernet: MultiFernet = field(repr=False)
    blind_index: BlindIndex

    @classmethod
    def open(cls, path: Path, blind_index: BlindIndex) -> Self:
        """Read Fernet keys (32 bytes in URL-safe base64), a line each, newest first.

        Raises DataFileError naming file and line.
        """
        return cls(MultiFernet(_keys(path)), blind_index)

    def index(self, number: str) -> str:
        """Return the blind index of a number."""
        return self.blind_index.of(number)

    def seal(self, number: str) -> str:
        """Encrypt a number."""
        return self.fernet.encrypt(number.encode()).decode()

    def masked(self, sealed: str) -> str:
        """Return what may be shown of an encrypted number. Raises InvalidToken when no key fits."""
        return mask.number(self.fernet.decrypt(sealed).decode())


def _keys(path: Path) -> list[Fernet]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path}:1: the keys of the numbers can't be read: {error}") from error
    keys = [_key(path, number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    if not keys:
        raise DataFileError(f"{path}:1: there is no key in this file")
    return keys


def _key(path: Path, number: int, line: str) -> Fernet:
    try:
        return Fernet(line)
    except ValueError as error:
        raise DataFileError(f"{path}:{number}: a key is 32 bytes in URL-safe base64") from error
