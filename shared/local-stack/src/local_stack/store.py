"""The private document store: SecantusDB, a MongoDB-compatible server, as a process of its own.

`python -m local_stack.store STORAGE PASSWORDS COMMAND…` writes the administrator's account, then becomes the command.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from local_stack.accounts import databases
from local_stack.accounts.passwords import ADMINISTRATOR, ensure_passwords
from local_stack.claim import MARK
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts


def program(layout: Layout, ports: Ports) -> Program:
    """Return the store's process. Every commit is synced to disk before it is confirmed."""
    layout.store.mkdir(parents=True, exist_ok=True)
    passwords = databases.folder_of(layout)
    ensure_passwords(passwords, [ADMINISTRATOR])
    command = (
        *(sys.executable, "-m", "local_stack.store", str(layout.store), str(passwords)),
        *(str(Path(sys.executable).parent / "secantusd-py"), "--config", str(layout.deploy / "store.toml")),
        *(
            "--host",
            HOST,
            "--port",
            str(ports.store),
            "--storage-path",
            str(layout.store),
            "--sync-on-commit",
            "--auth",
        ),
    )
    environment = {**os.environ, MARK: str(layout.var)}
    return Program("store", command, environment, lambda: answers(ports), (ports.store,))


def answers(ports: Ports) -> bool:
    """Say whether the store answers a ping."""
    if not accepts(ports.store):
        return False
    client: MongoClient[dict[str, object]] = MongoClient(url(ports), serverSelectionTimeoutMS=2000)
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True


def url(ports: Ports) -> str:
    """Return the address of the private store with no account, with what its clients must state explicitly."""
    return f"mongodb://{HOST}:{ports.store}/?replicaSet=secantus&retryWrites=false&w=majority"


def administrators_url(layout: Layout, ports: Ports) -> str:
    """Return the address that MONGODB_URL gives, else that of the private store with the administrator's account."""
    given = os.environ.get("MONGODB_URL", "")
    return given or databases.administrators_url(url(ports), databases.folder_of(layout))


def main() -> None:
    """Write the administrator's account while nobody can connect, then become the store."""
    storage, passwords, *command = sys.argv[1:]
    databases.provide_administrator(Path(storage), Path(passwords))
    os.execv(command[0], command)  # noqa: S606 - the command line is the one above


if __name__ == "__main__":
    main()
