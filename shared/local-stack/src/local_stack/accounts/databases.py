"""The accounts on the store: each service's may read and write its own database and nothing else.

`make store-accounts` makes them on a store that is not ours to start, with the account that MONGODB_URL names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from bus import topology
from local_stack.accounts.passwords import ADMINISTRATOR, account_url, ensure_passwords, password_of
from local_stack.accounts.permissions import TOPOLOGY
from local_stack.layout import Layout
from local_stack.ports import PORTAL

FOLDER, GIVEN_FOLDER = "store", "given-store"
USERS = "admin"
"""The database that holds all users, whatever their own is."""

_ALREADY_THERE = 51003
_UNAUTHORIZED = 13


class DatabaseRole(TypedDict):
    """A role of MongoDB's own, in one database."""

    role: str
    db: str


class StoreUser(TypedDict):
    """An account as MongoDB makes it."""

    user: str
    pwd: str
    roles: list[DatabaseRole]


def folder_of(layout: Layout) -> Path:
    """Return where the passwords of the store's accounts are; a store that is given has a folder of its own."""
    return layout.keys / (GIVEN_FOLDER if os.environ.get("MONGODB_URL") else FOLDER)


def services() -> tuple[str, ...]:
    """Return the names of the accounts; each service's database has its name, too."""
    return (*topology.load(TOPOLOGY).parties, PORTAL)


def roles_of(service: str) -> list[DatabaseRole]:
    """Return what a service may: read and write its own database, indexes included."""
    return [{"role": "readWrite", "db": service}]


def accounts(folder: Path) -> list[StoreUser]:
    """Return every service's account; the passwords are made in `folder` when they are missing."""
    passwords = ensure_passwords(folder, services())
    return [{"user": name, "pwd": password, "roles": roles_of(name)} for name, password in passwords.items()]


def ensure_accounts(mongodb_url: str, folder: Path) -> None:
    """Make every service's account with its password, or set both as they should be. Raises PyMongoError."""
    _make(mongodb_url, accounts(folder))


def _make(mongodb_url: str, wanted: Sequence[StoreUser]) -> None:
    with MongoClient[dict[str, Any]](mongodb_url, serverSelectionTimeoutMS=10_000) as client:
        for account in wanted:
            said = {"pwd": account["pwd"], "roles": account["roles"]}
            try:
                client[USERS].command({"createUser": account["user"], **said})
            except OperationFailure as error:
                if error.code != _ALREADY_THERE:
                    raise
                client[USERS].command({"updateUser": account["user"], **said})


def ensure_given(mongodb_url: str, folder: Path) -> None:
    """Make the services' accounts on a store that is given with an account, if that may make any; else make none.

    Raises PyMongoError for a store that can't be reached or refuses the account.
    """
    if "@" not in mongodb_url:
        return
    try:
        ensure_accounts(mongodb_url, folder)
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        for service in services():
            (folder / service).unlink(missing_ok=True)


def url_of(mongodb_url: str, folder: Path, service: str) -> str:
    """Return the store's address with a service's account; as it is where the service has none of its own."""
    if "@" not in mongodb_url or not (folder / service).exists():
        return mongodb_url
    parts = urlsplit(account_url(mongodb_url, folder, service))
    options = [each for each in parse_qsl(parts.query) if each[0].lower() not in {"authsource", "authmechanism"}]
    return urlunsplit(parts._replace(path=parts.path or "/", query=urlencode([*options, ("authSource", USERS)])))


def administrators_url(mongodb_url: str, folder: Path) -> str:
    """Return the address of the account that makes all others, on a store of our own."""
    ensure_passwords(folder, [ADMINISTRATOR])
    return account_url(mongodb_url, folder, ADMINISTRATOR)


def ensure_administrator(mongodb_url: str, folder: Path) -> None:
    """Make the account that makes all others, on a store of our own that has none yet. Raises PyMongoError."""
    ensure_passwords(folder, [ADMINISTRATOR])
    root: list[DatabaseRole] = [{"role": "root", "db": USERS}]
    try:
        _make(mongodb_url, [{"user": ADMINISTRATOR, "pwd": password_of(folder, ADMINISTRATOR), "roles": root}])
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:  # there are accounts, so the store asks for one
            raise


def main() -> int:
    """Make the accounts on the store of MONGODB_URL."""
    url, folder = os.environ.get("MONGODB_URL", ""), folder_of(Layout.from_environment())
    if "@" not in url:
        print("store-accounts: MONGODB_URL must name an account that may make others", file=sys.stderr)
        return 2
    try:
        ensure_accounts(url, folder)
    except PyMongoError as error:
        print(f"store-accounts: {error}", file=sys.stderr)
        return 1
    print(f"the services' accounts are on the store; their passwords are in {folder}, one file each")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
