"""`make department-account DEPARTMENT=health`: what a department needs to know to connect, to be handed to it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TypedDict
from urllib.parse import urlsplit, urlunsplit

from bus import topology
from bus.addresses import UnsafeAddressError, each_of
from bus.signatures import KEYS_FILE, key_file
from local_stack import broker
from local_stack.accounts.passwords import account_url, ensure_passwords, folder_of
from local_stack.accounts.permissions import TOPOLOGY
from local_stack.event_keys import ensure_event_keys, key_id_of
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.person_keys import ensure_person_keys
from local_stack.ports import Ports
from records.person_encryption import PUBLIC_KEYS
from standards.document_types import kept_by

HAND_OVER = """{names[zh-CN]} {names[en]}

AMQP_URL='{amqp_url}'{others}
exchange      {exchange}
routing keys  {keys}
replies       {replies}
source        {source}
keeps         {keeps}
event key     {event_key}
its id        {event_key_id}
others' keys  {event_keys}
person's key  {person_keys}

The address holds the password, and the event key signs what the department says: hand both over sealed, never by mail.
The other two files are public; what describes a person is encrypted to the newest person's key.
地址中含密码，签名密钥代表部门发言，请妥善交接。另两个文件是公开的：描述个人的内容须用其中的公钥加密。
"""


OTHER = "\nor, if that node does not answer: '{url}'"


class DepartmentAccount(TypedDict):
    """What is handed over; `amqp_urls` has one address for each node of the broker, `amqp_url` is the first of them.

    `event_key` is the file with the key that signs the department's events, `event_keys` that with everybody's public
    halves, by which it knows that an answer is genuine; `person_keys` that with the key that it encrypts persons to.
    """

    names: dict[str, str]
    amqp_url: str
    amqp_urls: list[str]
    exchange: str
    routing_keys: list[str]
    replies: str
    source: str
    keeps: list[str]
    event_key: str
    event_key_id: str
    event_keys: str
    person_keys: str


def account(code: str, amqp_url: str, layout: Layout) -> DepartmentAccount:
    """Return everything about one account.

    Raises StackError for a department that is not in the topology, UnsafeAddressError for hosts that can be none.
    """
    declared = topology.load(TOPOLOGY)
    if code not in declared.departments:
        raise StackError(f"there is no department {code!r}; DEPARTMENT is one of {', '.join(declared.departments)}")
    department = declared.departments[code]
    folder = folder_of(layout)
    ensure_passwords(folder, [code])
    ensure_event_keys(layout.keys)
    ensure_person_keys(layout.keys)
    urls = [in_full(url) for url in each_of(account_url(amqp_url, folder, code))]
    return {
        "names": dict(department.names),
        "amqp_url": urls[0],
        "amqp_urls": urls,
        "exchange": department.messages,
        "routing_keys": list(declared.keys_from(department)),
        "replies": department.replies,
        "source": department.source,
        "keeps": list(kept_by(code)),
        "event_key": str(layout.keys / key_file(code)),
        "event_key_id": key_id_of(layout.keys, code),
        "event_keys": str(layout.keys / KEYS_FILE),
        "person_keys": str(layout.keys / PUBLIC_KEYS),
    }


def in_full(url: str) -> str:
    """Name the default virtual host in an address: some clients take an empty one for a name."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/%2F")) if parts.path in ("", "/") else url


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one account for people, or as JSON, or its address alone."""
    parser = argparse.ArgumentParser(prog="department-account", description="Hand a department its broker account.")
    parser.add_argument("department", help="its code, such as health")
    parser.add_argument("--json", action="store_true", help="everything as one JSON object")
    parser.add_argument("--url", action="store_true", help="one address only, of the first node")
    parser.add_argument("--event-key", action="store_true", help="the file with the key that signs, only")
    parser.add_argument("--event-key-id", action="store_true", help="its id only")
    parser.add_argument("--person-keys", action="store_true", help="the file with the key to encrypt persons to, only")
    wanted = parser.parse_args(arguments)
    try:
        amqp_url = os.environ.get("AMQP_URL", "") or broker.url(Ports.from_environment())
        found = account(wanted.department, amqp_url, Layout.from_environment())
    except (StackError, UnsafeAddressError) as error:
        print(f"department-account: {error}", file=sys.stderr)
        return 2
    if wanted.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    elif wanted.url:
        print(found["amqp_url"])
    elif wanted.event_key:
        print(found["event_key"])
    elif wanted.event_key_id:
        print(found["event_key_id"])
    elif wanted.person_keys:
        print(found["person_keys"])
    else:
        print(as_text(found))
    return 0


def as_text(found: DepartmentAccount) -> str:
    lists = {"keys": "  ".join(found["routing_keys"]), "keeps": "  ".join(found["keeps"]) or "-"}
    others = "".join(OTHER.format(url=url) for url in found["amqp_urls"][1:])
    return HAND_OVER.format(**{**found, **lists, "others": others})


if __name__ == "__main__":
    raise SystemExit(main())
