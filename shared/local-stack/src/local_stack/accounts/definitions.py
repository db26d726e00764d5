"""The definitions that a broker imports: the permissions with the hashes of the passwords."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypedDict

from bus.permissions import TopicPermission
from local_stack.accounts import permissions
from local_stack.accounts.passwords import ADMINISTRATOR, ALGORITHM, ensure_passwords, hashed
from local_stack.accounts.permissions import Exchange, Permission

EVERYTHING = ".*"


class BrokerUser(TypedDict):
    """An account as the broker imports it."""

    name: str
    password_hash: str
    hashing_algorithm: str
    tags: list[str]
    limits: dict[str, int]


class Definitions(TypedDict):
    """What a broker imports; it leaves alone what is not named here."""

    vhosts: list[dict[str, str]]
    exchanges: list[Exchange]
    users: list[BrokerUser]
    permissions: list[Permission]
    topic_permissions: list[TopicPermission]


def definitions(folder: Path, *, own_node: bool = False, vhost: str = permissions.VHOST) -> Definitions:
    """Return everything for services and systems outside, whose passwords are made in `folder` when they are missing.

    A node of our own gets the administrator's account as well: one that loads definitions at its start makes no account
    by itself. That account declares the topology and sets its permissions, for which the broker asks that tag.
    """
    said = permissions.load()
    administrators = [ADMINISTRATOR] if own_node else []
    passwords = ensure_passwords(folder, [*administrators, *(user["name"] for user in said["users"])])
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [{**each, "vhost": vhost} for each in said["exchanges"]],
        "users": [
            *(_user(name, passwords[name], ["administrator"], {}) for name in administrators),
            *(_user(user["name"], passwords[user["name"]], user["tags"], user["limits"]) for user in said["users"]),
        ],
        "permissions": [
            *(_all(name, vhost) for name in administrators),
            *(_within(each, vhost) for each in said["permissions"]),
        ],
        "topic_permissions": [{**each, "vhost": vhost} for each in said["topic_permissions"]],
    }


def write(path: Path, content: Definitions) -> None:
    """Write definitions so that their owner alone can read them, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    fresh.replace(path)


def _user(name: str, password: str, tags: list[str], limits: dict[str, int]) -> BrokerUser:
    return {
        "name": name,
        "password_hash": hashed(password),
        "hashing_algorithm": ALGORITHM,
        "tags": tags,
        "limits": limits,
    }


def _within(permission: Permission, vhost: str) -> Permission:
    return {**permission, "vhost": vhost}


def _all(name: str, vhost: str) -> Permission:
    return {"user": name, "vhost": vhost, "configure": EVERYTHING, "write": EVERYTHING, "read": EVERYTHING}
