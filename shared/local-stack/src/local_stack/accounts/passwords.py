"""Passwords of the broker's accounts: made once, one file each, readable by their owner only."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.secret_files import once

ALGORITHM = "rabbit_password_hashing_sha256"
SECRET_BYTES = 24
SALT_BYTES = 4
SETTING = "YIZHENG_BROKER_ACCOUNTS"
ADMINISTRATOR = "administrator"
"""The account that declares the topology, and that no service has."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def folder_of(layout: Layout) -> Path:
    """Return where the passwords are: what YIZHENG_BROKER_ACCOUNTS names, else beside the other development keys."""
    return Path(os.environ.get(SETTING, "") or layout.keys / "broker")


def ensure_passwords(folder: Path, names: Iterable[str]) -> Mapping[str, str]:
    """Make the passwords that are missing; return all of them by account."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        once(folder / name, _new_password)
    return {name: password_of(folder, name) for name in names}


def _new_password() -> bytes:
    return f"{secrets.token_urlsafe(SECRET_BYTES)}\n".encode()


def password_of(folder: Path, name: str) -> str:
    """Read one password. Raises StackError when there is no such account."""
    path = folder / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise StackError(f"no broker account {name!r} in {folder} ({SETTING}); `make broker-accounts` makes them")
    return path.read_text(encoding="ascii").strip()


def hashed(password: str) -> str:
    """Return a password as the broker stores it: salt and SHA-256 of salt and password, in base 64."""
    salt = secrets.token_bytes(SALT_BYTES)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def administrator_url(amqp_url: str, folder: Path) -> str:
    """Return the AMQP address of the administrator's account on a node of our own; its password is made if need be."""
    ensure_passwords(folder, [ADMINISTRATOR])
    return account_url(amqp_url, folder, ADMINISTRATOR)


def address(amqp_url: str, name: str, password: str) -> str:
    """Return the AMQP address that leads to the same broker with another account."""
    parts = urlsplit(amqp_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{host}"))


def account_url(amqp_url: str, folder: Path, name: str) -> str:
    """Return the AMQP address of one account. Raises StackError when there is none."""
    return address(amqp_url, name, password_of(folder, name))
