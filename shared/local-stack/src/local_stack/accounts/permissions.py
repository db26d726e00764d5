"""`deploy/broker/permissions.json`: RabbitMQ's own format for definitions, without any secret, generated and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from bus import topology
from bus.permissions import TopicPermission, topic_permissions
from bus.rights import NOTHING, BrokerAccount, any_of, every_account
from local_stack.layout import ROOT

FILE = ROOT / "deploy" / "broker" / "permissions.json"
TOPOLOGY = ROOT / "shared" / "contracts" / "topology.toml"
VHOST = "/"


class User(TypedDict):
    """An account without its password."""

    name: str
    tags: list[str]
    limits: dict[str, int]


class Permission(TypedDict):
    """What a user may do, as patterns of the names of exchanges and queues."""

    user: str
    vhost: str
    configure: str
    write: str
    read: str


class Exchange(TypedDict):
    """An exchange: from RabbitMQ 4.3 on a broker that does not have it yet refuses a permission for it."""

    name: str
    vhost: str
    type: str
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: dict[str, str]


class Permissions(TypedDict):
    """The whole file."""

    vhosts: list[dict[str, str]]
    exchanges: list[Exchange]
    users: list[User]
    permissions: list[Permission]
    topic_permissions: list[TopicPermission]


def permissions(accounts: Iterable[BrokerAccount]) -> Permissions:
    """Return what the broker is to be told of some accounts."""
    everyone = list(accounts)
    return {
        "vhosts": [{"name": VHOST}],
        "exchanges": [_exchange(name) for name in sorted({name for each in everyone for name in each.writes})],
        "users": [{"name": each.name, "tags": [], "limits": dict(each.limits)} for each in everyone],
        "permissions": [_permission(each) for each in everyone],
        "topic_permissions": topic_permissions(everyone, VHOST),
    }


def wanted() -> str:
    """Return what the file must say today, from the topology."""
    return f"{json.dumps(permissions(every_account(topology.load(TOPOLOGY))), indent=2)}\n"


def main() -> int:
    """Write the file when it is stale, and say so."""
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != wanted():
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(wanted(), encoding="utf-8")
        print(f"written: {FILE.relative_to(ROOT)}")
    return 0


def load(path: Path = FILE) -> Permissions:
    found: Permissions = json.loads(path.read_text(encoding="utf-8"))
    return found


def _exchange(name: str) -> Exchange:
    """Return an exchange as `bus/declare.py` declares it."""
    return {
        "name": name,
        "vhost": VHOST,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _permission(account: BrokerAccount) -> Permission:
    return {
        "user": account.name,
        "vhost": VHOST,
        "configure": NOTHING,
        "write": any_of([*account.writes, *account.looks]),
        "read": any_of(account.reads),
    }


if __name__ == "__main__":
    sys.exit(main())
