"""The private document store: SecantusDB, a MongoDB-compatible server, as a process of its own.

`python -m local_stack.store STORAGE PASSWORDS COMMAND…` becomes the command, which asks for passwords. The first time
it runs it without them before that, on a port that nobody knows, until the administrator's account is made.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from local_stack.accounts import databases
from local_stack.accounts.passwords import ADMINISTRATOR, ensure_passwords
from local_stack.claim import MARK
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts, poll

START = 30.0
"""Seconds within which the store must answer."""


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
    """See to the administrator's account, then become the store."""
    storage, passwords, *command = sys.argv[1:]
    if not databases.has_administrator(Path(storage), Path(passwords)):
        provide_administrator(command, Path(storage), Path(passwords))
    os.execv(command[0], command)  # noqa: S606 - the command line is the one above


def provide_administrator(command: Sequence[str], storage: Path, passwords: Path) -> None:
    """Run the store for a moment without passwords and make the administrator's account. Raises StackError."""
    port = _free_port()
    place = list(command).index("--port") + 1
    openly = [word for word in (*command[:place], str(port), *command[place + 1 :]) if word != "--auth"]
    running = subprocess.Popen(openly)
    try:
        poll(lambda: accepts(port) or running.poll() is not None, seconds=START)
        if running.poll() is not None or not accepts(port):
            raise StackError("the store did not start to make its administrator's account")
        databases.make_administrator(f"mongodb://{HOST}:{port}/?directConnection=true", storage, passwords)
    finally:
        running.terminate()
        running.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
