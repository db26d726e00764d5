"""`deploy/broker/permissions.json`: RabbitMQ's own format for definitions, without any secret, generated and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from local_stack.accounts.rights import NOTHING, Account, any_of, every_account
from local_stack.layout import ROOT
from messaging import topology

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


class TopicPermission(TypedDict):
    """Which routing keys a user may write to a topic exchange, and bind to it for reading."""

    user: str
    vhost: str
    exchange: str
    write: str
    read: str


class Permissions(TypedDict):
    """The whole file."""

    vhosts: list[dict[str, str]]
    users: list[User]
    permissions: list[Permission]
    topic_permissions: list[TopicPermission]


def permissions(accounts: Iterable[Account]) -> Permissions:
    """Return what the broker is to be told of some accounts."""
    everyone = list(accounts)
    return {
        "vhosts": [{"name": VHOST}],
        "users": [{"name": each.name, "tags": [], "limits": dict(each.limits)} for each in everyone],
        "permissions": [_permission(each) for each in everyone],
        "topic_permissions": [_topics(each, exchange) for each in everyone for exchange in each.writes],
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
    """Read the file."""
    found: Permissions = json.loads(path.read_text(encoding="utf-8"))
    return found


def _permission(account: Account) -> Permission:
    return {
        "user": account.name,
        "vhost": VHOST,
        "configure": NOTHING,
        "write": any_of(account.writes),
        "read": any_of(account.reads),
    }


def _topics(account: Account, exchange: str) -> TopicPermission:
    return {
        "user": account.name,
        "vhost": VHOST,
        "exchange": exchange,
        "write": account.writes[exchange],
        "read": NOTHING,
    }


if __name__ == "__main__":
    sys.exit(main())
