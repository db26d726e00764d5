"""`make secrets`: what `deploy/compose.yaml` mounts as secrets, made once into `deploy/secrets` and never committed."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from bus.declare import MANAGEMENT
from local_stack.accounts import databases, definitions
from local_stack.accounts.passwords import ADMINISTRATOR, account_url
from local_stack.certificates import BROKERS, CONTAINERS, HERE, STORES, ensure_certificate
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import PORTAL

BROKER = f"amqps://{','.join(f'{host}:5671' for host in BROKERS)}/"
BROKER_MANAGEMENT = f"https://{','.join(f'{host}:15671' for host in BROKERS)}/"
MEMBERS = ",".join(f"{host}:27017" for host in STORES)
STORE = f"mongodb://{MEMBERS}/?replicaSet=yizheng&authSource=admin&w=majority&tls=true"
STORE_ACCOUNTS = "store-accounts.json"
MEMBERS_KEY_BYTES = 96
DEFINITIONS = "broker-definitions.json"
COOKIE = "broker-nodes.cookie"
"""By which the nodes of the broker know each other."""


def main() -> int:
    """Make the secrets that are missing and say where they are."""
    folder = Layout.from_environment().deploy / "secrets"
    ensure_secrets(folder)
    print(f"the secrets for deploy/compose.yaml are in {folder}; keep them out of every repository")
    return 0


def ensure_secrets(folder: Path) -> None:
    """Make the keys, the accounts of broker and store, and the certificates, unless they are there.

    The broker imports its accounts at its start, the store is given its own by `deploy/replica-set.js`; the passwords
    are in `broker/` and `store/`, and in `<service>/` stand the addresses with that service's own.
    The files are readable for whatever user a container runs as: the folder alone protects them on this machine.
    """
    ensure_keys(folder)
    if not (folder / "store-members.key").exists():  # written last
        members_key = base64.b64encode(secrets.token_bytes(MEMBERS_KEY_BYTES)).decode()
        write(folder, {"store-password": secrets.token_hex(24), "store-members.key": members_key})
    if not (folder / COOKIE).exists():
        write(folder, {COOKIE: secrets.token_hex(24)})
    definitions.write(folder / DEFINITIONS, definitions.definitions(folder / "broker", own_node=True))
    write(folder, {STORE_ACCOUNTS: json.dumps(databases.accounts(folder / "store"), indent=2)})
    administrators = {"AMQP_URL": BROKER, MANAGEMENT: BROKER_MANAGEMENT}
    write(
        folder / ADMINISTRATOR,
        {name: account_url(url, folder / "broker", ADMINISTRATOR) for name, url in administrators.items()},
    )
    for name in databases.services():
        write(folder / name, addresses_of(name, folder))
    certificates = [ensure_certificate(folder, name, (*hosts, *HERE)) for name, hosts in CONTAINERS.items()]
    addresses = (folder / name / file for name in databases.services() for file in addresses_of(name, folder))
    listeners = (path for each in certificates for path in (each.certificate, each.key))
    for_containers = (*listeners, *(folder / ADMINISTRATOR / name for name in administrators), *addresses)
    for path in (*folder.iterdir(), *for_containers):
        path.chmod(0o700 if path.is_dir() else 0o444)
    (folder / "issuer.pem").chmod(0o400)


def addresses_of(service: str, folder: Path) -> Mapping[str, str]:
    """Return the addresses of broker and store with a service's own accounts, as files."""
    store = {"MONGODB_URL": account_url(STORE, folder / "store", service)}
    return store if service == PORTAL else {"AMQP_URL": account_url(BROKER, folder / "broker", service), **store}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files one after the other."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    raise SystemExit(main())
