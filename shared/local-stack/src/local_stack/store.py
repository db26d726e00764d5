"""The private document store: a genuine mongod as a replica set of one member or three, with accounts.

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
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from local_stack.accounts import databases
from local_stack.claim import MARK
from local_stack.deadlines import accepts, poll
from local_stack.failure import StackError
from local_stack.layout import Layout, search_path
from local_stack.ports import HOST, Ports, numbered
from local_stack.processes import Program
from local_stack.secret_files import once

REPLICA_SET = "yizheng"
OLDEST, NEWEST = 6, 8
"""The major versions of MongoDB that the project is tried on."""
CACHE_GB, CACHE_OF_SEVERAL_GB = "1", "0.25"
ITERATIONS = 5_000
"""Of the hash behind each login, the fewest that MongoDB takes: more slow down guessing, but passwords are random."""
TTL_EVERY = "5"
"""Seconds between two looks for documents whose term has ended; MongoDB's own figure is 60."""
KEY_BYTES = 96
PRIMARY_WITHIN = 180.0
"""Seconds within which a replica set must have elected its primary, and the other members follow it."""
ELECTION = {"electionTimeoutMillis": 5000, "catchUpTimeoutMillis": 2000}
"""How long members wait for a silent primary before they elect another one (MongoDB's own figure is 10 s), and how long
that one waits (as long as it takes) for what the silent one has beyond the majority: nothing of it is confirmed."""
QUIET_STOP = "100"
"""Milliseconds that a member lets clients look for another one before it ends; MongoDB's own figure is 15,000."""

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


def programs(layout: Layout, ports: Ports) -> tuple[Program, ...]:
    """Return the members' processes, `store` or `store-1` to `store-3`. Raises StackError.

    A write of a majority is in the journal before it is confirmed.
    """
    layout.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    once(key_file(layout), lambda: base64.b64encode(secrets.token_bytes(KEY_BYTES)))
    return tuple(_program(name, port, layout, ports) for name, port in _members(ports).items())


def _program(name: str, port: int, layout: Layout, ports: Ports) -> Program:
    folder, alone = layout.var / name, ports.machines == 1
    folder.mkdir(parents=True, exist_ok=True)
    command = (
        *(str(mongod().path), "--dbpath", str(folder), "--bind_ip", HOST, "--port", str(port)),
        *("--replSet", REPLICA_SET, "--keyFile", str(key_file(layout)), "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", CACHE_GB if alone else CACHE_OF_SEVERAL_GB),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", f"scramSHA256IterationCount={ITERATIONS}"),
        *("--setParameter", f"ttlMonitorSleepSecs={TTL_EVERY}"),
        *("--setParameter", f"shutdownTimeoutMillisForSignaledShutdown={QUIET_STOP}"),
    )
    return Program(name, command, {**os.environ, MARK: str(layout.var)}, lambda: answers(port, alone=alone), (port,))


def _members(ports: Ports) -> dict[str, int]:
    """Return the port of each member by the name of its process."""
    return dict(zip(numbered("store", ports.machines), ports.stores, strict=True))


def described() -> str:
    """Say in words which store a run uses. Raises StackError."""
    return "the one that MONGODB_URL names" if os.environ.get("MONGODB_URL") else str(mongod())


def key_file(layout: Layout) -> Path:
    """Return where the secret is by which the members of the replica set know each other."""
    return layout.keys / "store-members.key"


def answers(port: int, *, alone: bool = True) -> bool:
    """Say whether a member takes writes (one of several: follows a primary), or waits to be made a replica set."""
    said = _hello(port)
    if said is None:
        return False
    works = said["isWritablePrimary"] or (said["secondary"] and not alone)
    return bool(works) or (said.get("isreplicaset", False) and "setName" not in said)


def primary(ports: Ports) -> str:
    """Return the name of the member that takes the writes at this moment, empty while there is none."""
    for name, port in _members(ports).items():
        said = _hello(port)
        if said and said["isWritablePrimary"]:
            return name
    return ""


def prepare(layout: Layout, ports: Ports) -> None:
    """Make the members a replica set, with the administrator's account and the services'. Raises StackError.

    Until there is an account, the primary takes the first one from this machine without asking.
    """
    folder = databases.folder_of(layout)
    try:
        if "setName" not in (_hello(ports.store) or {}):
            _place(layout, ports)
        if not poll(lambda: bool(primary(ports)), seconds=PRIMARY_WITHIN):
            raise StackError("no member of the store became the primary of its replica set")
        databases.ensure_administrator(url(ports), folder)
        databases.ensure_accounts(administrators_url(layout, ports), folder)
    except OperationFailure as error:
        if error.code != _AUTHENTICATION_FAILED:
            raise
        raise StackError(
            f"the store in {layout.var} knows another password than {folder} holds; `make reset` forgets both"
        ) from None
    alone = ports.machines == 1
    if not poll(lambda: all(answers(port, alone=alone) for port in ports.stores), seconds=PRIMARY_WITHIN):
        raise StackError("not every member of the store follows the primary of its replica set")


def prepare_given(layout: Layout, mongodb_url: str) -> None:
    """Make the services' accounts on a store that MONGODB_URL names with an account that may. Raises StackError."""
    try:
        databases.ensure_given(mongodb_url, databases.folder_of(layout))
    except PyMongoError as error:
        raise StackError(f"the store that MONGODB_URL names can't be used: {error}") from error


def _place(layout: Layout, ports: Ports) -> None:
    """Make new members a replica set; one that was made on other ports learns its new places."""
    members = [{"_id": number, "host": f"{HOST}:{port}"} for number, port in enumerate(ports.stores)]
    try:
        with _direct(ports.store) as client:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": ELECTION})
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        address = administrators_url(layout, replace(ports, machines=1))
        with MongoClient[dict[str, Any]](address, replicaSet=None, directConnection=True) as known:
            settings = known.admin.command("replSetGetConfig")["config"]
            moved = [was | now for was, now in zip(settings["members"], members, strict=True)]
            settings |= {"version": settings["version"] + 1, "members": moved}
            known.admin.command("replSetReconfig", settings, force=True)


def _hello(port: int) -> dict[str, Any] | None:
    """Return what a member says of itself; None when it does not answer."""
    if not accepts(port):
        return None
    try:
        with _direct(port) as client:
            return client.admin.command("hello")
    except PyMongoError:
        return None


def _direct(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=2000)


def url(ports: Ports) -> str:
    """Return the address of the private store with no account."""
    hosts = ",".join(f"{HOST}:{port}" for port in ports.stores)
    return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}&w=majority"


def administrators_url(layout: Layout, ports: Ports) -> str:
    """Return the address that MONGODB_URL gives, else that of the private store with the administrator's account."""
    given = os.environ.get("MONGODB_URL", "")
    return given or databases.administrators_url(url(ports), databases.folder_of(layout))
