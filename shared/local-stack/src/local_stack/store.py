"""The private document store: SecantusDB, a MongoDB-compatible server, as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from local_stack.claim import MARK
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from local_stack.processes import Program
from local_stack.waiting import accepts


def program(layout: Layout, ports: Ports) -> Program:
    """Return the store's process. Every commit is synced to disk before it is confirmed."""
    layout.store.mkdir(parents=True, exist_ok=True)
    command = (
        *(str(Path(sys.executable).parent / "secantusd-py"), "--config", str(layout.deploy / "store.toml")),
        *("--host", HOST, "--port", str(ports.store), "--storage-path", str(layout.store), "--sync-on-commit"),
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
    """Return the address of the private store, with what its clients must state explicitly."""
    return f"mongodb://{HOST}:{ports.store}/?replicaSet=secantus&retryWrites=false&w=majority"
