"""The private document store: a genuine mongod as a replica set of one, with accounts.

One on the PATH is preferred (MongoDB 6 to 8); else the one that the environment's wheel ships, which runs as a process
of its own, on the loopback interface only, and is never imported.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from local_stack.accounts import databases
from local_stack.claim import MARK
from local_stack.failure import StackError
from local_stack.keys import once
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts, poll

REPLICA_SET = "yizheng"
OLDEST, NEWEST = 6, 8
"""The major versions of MongoDB that the project is tried on."""
CACHE_GB = "1"
TTL_EVERY = "5"
"""Seconds between two looks for documents whose term has ended; MongoDB's own figure is 60."""
KEY_BYTES = 96
PRIMARY_WITHIN = 30.0
"""Seconds within which a new replica set of one must have elected its member."""

_SHIPPED = Path("fiftyone", "db", "bin", "mongod")
_VERSION = re.compile(r"db version v((\d+)\.\S+)")
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18


@dataclass(frozen=True, slots=True)
class Mongod:
    """A mongod that can be run here."""

    path: Path
    version: str

    def __str__(self) -> str:
        return f"MongoDB {self.version} ({self.path})"


@cache
def mongod() -> Mongod:
    """Find the mongod to run. Raises StackError that says what to set where there is none."""
    on_path = shutil.which("mongod", path=search_path())
    shipped = Path(sysconfig.get_path("purelib")) / _SHIPPED
    for path in (*([Path(on_path)] if on_path else []), *([shipped] if shipped.exists() else [])):
        found = _asked(path)
        if found is not None:
            return found
    raise StackError(
        f"there is no mongod of version {OLDEST} to {NEWEST} for this machine: put one on the PATH, or set MONGODB_URL "
        "to the address of a replica set"
    )


def _asked(path: Path) -> Mongod | None:
    """Return a mongod with its version; None where it does not run here, or is older or newer than what was tried."""
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    said = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)
    version = _VERSION.search(said.stdout)
    return Mongod(path, version[1]) if version and OLDEST <= int(version[2]) <= NEWEST else None


def program(layout: Layout, ports: Ports) -> Program:
    """Return the store's process. A write of a majority is in the journal before it is confirmed. Raises StackError."""
    layout.store.mkdir(parents=True, exist_ok=True)
    once(key_file(layout), lambda: base64.b64encode(secrets.token_bytes(KEY_BYTES)))
    command = (
        *(str(mongod().path), "--dbpath", str(layout.store), "--bind_ip", HOST, "--port", str(ports.store)),
        *("--replSet", REPLICA_SET, "--keyFile", str(key_file(layout)), "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", CACHE_GB, "--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", f"ttlMonitorSleepSecs={TTL_EVERY}"),
    )
    return Program("store", command, {**os.environ, MARK: str(layout.var)}, lambda: answers(ports), (ports.store,))


def described() -> str:
    """Say in words which store a run uses. Raises StackError."""
    return "the one that MONGODB_URL names" if os.environ.get("MONGODB_URL") else str(mongod())


def key_file(layout: Layout) -> Path:
    """Return where the secret is by which the members of the replica set know each other."""
    return layout.keys / "store-members.key"


def answers(ports: Ports) -> bool:
    """Say whether the store takes writes, or waits to be made a replica set."""
    if not accepts(ports.store):
        return False
    try:
        with _direct(ports) as client:
            said = client.admin.command("hello")
    except PyMongoError:
        return False
    return bool(said["isWritablePrimary"]) or (said.get("isreplicaset", False) and "setName" not in said)


def prepare(layout: Layout, ports: Ports) -> None:
    """Make the store a replica set of one, with the administrator's account and the services'. Raises StackError.

    Until there is an account, the store takes the first one from this machine without asking.
    """
    folder = databases.folder_of(layout)
    try:
        with _direct(ports) as client:
            if not _is_primary(client):
                _place(layout, ports, client)
            if not poll(lambda: _is_primary(client), seconds=PRIMARY_WITHIN):
                raise StackError("the store did not become the primary of its replica set")
        databases.ensure_administrator(url(ports), folder)
        databases.ensure_accounts(administrators_url(layout, ports), folder)
    except OperationFailure as error:
        if error.code != _AUTHENTICATION_FAILED:
            raise
        raise StackError(
            f"the store in {layout.store} knows another password than {folder} holds; `make reset` forgets both"
        ) from None


def prepare_given(layout: Layout, mongodb_url: str) -> None:
    """Make the services' accounts on a store that MONGODB_URL names with an account that may. Raises StackError."""
    try:
        databases.ensure_given(mongodb_url, databases.folder_of(layout))
    except PyMongoError as error:
        raise StackError(f"the store that MONGODB_URL names can't be used: {error}") from error


def _place(layout: Layout, ports: Ports, client: MongoClient[dict[str, Any]]) -> None:
    """Make a new store a replica set of one; one that was made on another port learns its new place."""
    member = {"_id": 0, "host": f"{HOST}:{ports.store}"}
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        address = administrators_url(layout, ports)
        with MongoClient[dict[str, Any]](address, replicaSet=None, directConnection=True) as known:
            settings = known.admin.command("replSetGetConfig")["config"]
            settings |= {"version": settings["version"] + 1, "members": [settings["members"][0] | member]}
            known.admin.command("replSetReconfig", settings, force=True)


def _is_primary(client: MongoClient[dict[str, Any]]) -> bool:
    return bool(client.admin.command("hello")["isWritablePrimary"])


def _direct(ports: Ports) -> MongoClient[dict[str, Any]]:
    return MongoClient(HOST, ports.store, directConnection=True, serverSelectionTimeoutMS=2000)


def url(ports: Ports) -> str:
    """Return the address of the private store with no account."""
    return f"mongodb://{HOST}:{ports.store}/?replicaSet={REPLICA_SET}&w=majority"


def administrators_url(layout: Layout, ports: Ports) -> str:
    """Return the address that MONGODB_URL gives, else that of the private store with the administrator's account."""
    given = os.environ.get("MONGODB_URL", "")
    return given or databases.administrators_url(url(ports), databases.folder_of(layout))
