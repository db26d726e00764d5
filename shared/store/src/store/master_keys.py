"""The master keys of the vault: a key file on this machine, or a key management service, and both while one changes.

`store.key` has one key of 96 bytes a line, in base64, the newest first. `YIZHENG_KMS` names a data file instead:

    provider: aws                  # aws, azure, gcp, kmip; a name may follow: aws:north
    credentials: {...}             # what MongoDB's drivers want for that provider, e.g. accessKeyId, secretAccessKey
    master_key: {...}              # e.g. region and key
    tls: {...}                     # for kmip, e.g. tlsCAFile and tlsCertificateKeyFile

As long as `store.key` is there too, what it wrapped can be read.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import DataFileError, load
from store.field_encryption import MasterKeys

FILE = "store.key"
KEY_BYTES = 96
"""What libmongocrypt asks of a local master key: three keys of 32 bytes."""

MOUNTED = Path("/run/secrets")
"""Where containers find their secrets: the engine decides who may read there, and the files' modes say nothing."""


class Kms(BaseModel):
    """A key management service, as the data file describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(pattern=r"^(aws|azure|gcp|kmip)(:[A-Za-z0-9_]+)?$")
    credentials: dict[str, Any] = Field(repr=False)
    master_key: dict[str, Any]
    tls: dict[str, Any] = {}


def read(folder: Path, kms: Path | None) -> MasterKeys:
    """Read the key file, the key management service's data file, or both. Raises DataFileError naming file and line."""
    path = folder / FILE
    local = {} if kms is not None and not path.exists() else {provider(key): {"key": key} for key in _keys(path)}
    if kms is None:
        return MasterKeys(local, newest=next(iter(local)))
    _require_private(kms)
    wanted = load(kms, Kms)
    providers = {**local, wanted.provider: wanted.credentials}
    tls = {wanted.provider: wanted.tls} if wanted.tls else None
    return MasterKeys(providers, newest=wanted.provider, master_key=wanted.master_key, tls=tls)


def provider(key: bytes) -> str:
    """Return the name under which the store knows a local master key: it says which one, and nothing about it."""
    return f"local:{sha256(b'store.key ' + key).hexdigest()[:16]}"


def main() -> int:
    """Name the master keys of the environment, the newest first, and nothing of them. Exit code 78 for a fault."""
    kms = os.environ.get("YIZHENG_KMS")
    try:
        found = read(Path(os.environ.get("YIZHENG_KEYS", "var/keys")), Path(kms) if kms else None)
    except DataFileError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 78
    for name in sorted(found.providers, key=lambda each: each != found.newest):
        print(name)  # noqa: T201 - a command
    return 0


def _keys(path: Path) -> list[bytes]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path}:1: the master keys of the store can't be read: {error}") from error
    _require_private(path)
    keys = [_key(path, number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    if not keys:
        raise DataFileError(f"{path}:1: there is no key in this file")
    return keys


def _key(path: Path, number: int, line: str) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error as error:
        raise DataFileError(f"{path}:{number}: a key is {KEY_BYTES} bytes in base64") from error
    if len(key) != KEY_BYTES:
        raise DataFileError(f"{path}:{number}: a key has {KEY_BYTES} bytes, this one has {len(key)}")
    return key


def _require_private(path: Path) -> None:
    """Refuse a file that others may read or write."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataFileError(f"{path}:1: can't be read: {error}") from error
    forbidden = stat.S_IWGRP | stat.S_IWOTH
    if path.parent != MOUNTED:
        forbidden |= stat.S_IRGRP | stat.S_IROTH
    if mode & forbidden:
        raise DataFileError(f"{path}:1: others may read or change this file; chmod 600 it")


if __name__ == "__main__":
    raise SystemExit(main())
