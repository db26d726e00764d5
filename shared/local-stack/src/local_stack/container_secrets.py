"""`make secrets`: what `deploy/compose.yaml` mounts as secrets, made once into `deploy/secrets` and never committed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from local_stack.accounts import definitions
from local_stack.accounts.passwords import ADMINISTRATOR, account_url
from local_stack.accounts.permissions import TOPOLOGY
from local_stack.certificates import HERE, ensure_certificate
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from messaging import topology

BROKER = "amqp://broker:5672/"
STORE_ACCOUNT = "yizheng"
MEMBERS_KEY_BYTES = 96
DEFINITIONS = "broker-definitions.json"


def main() -> int:
    """Make the secrets that are missing and say where they are."""
    folder = Layout.from_environment().deploy / "secrets"
    ensure_secrets(folder)
    print(f"the secrets for deploy/compose.yaml are in {folder}; keep them out of every repository")
    return 0


def ensure_secrets(folder: Path) -> None:
    """Make the keys, the accounts of broker and store, and the gateway's certificate, unless they are there.

    The broker's accounts are what it imports at its start; their passwords are in `broker/`, and in `<service>/` stands
    the address with that service's own.
    The files are readable for whatever user a container runs as: the folder alone protects them on this machine.
    """
    ensure_keys(folder)
    if not (folder / "MONGODB_URL").exists():  # written last
        write(folder, store_account(secrets.token_hex(24)))
    definitions.write(folder / DEFINITIONS, definitions.definitions(folder / "broker", own_node=True))
    parties = (ADMINISTRATOR, *topology.load(TOPOLOGY).parties)
    for name in parties:
        write(folder / name, {"AMQP_URL": account_url(BROKER, folder / "broker", name)})
    certificate = ensure_certificate(folder, "gateway", ("gateway", *HERE))
    for_containers = (certificate.certificate, certificate.key, *(folder / name / "AMQP_URL" for name in parties))
    for path in (*folder.iterdir(), *for_containers):
        path.chmod(0o700 if path.is_dir() else 0o444)
    (folder / "issuer.pem").chmod(0o400)


def store_account(password: str) -> Mapping[str, str]:
    """Return the files of the store's account: the password as the store takes it, and as part of an address."""
    options = "replicaSet=yizheng&authSource=admin&retryWrites=false&w=majority"
    return {
        "store-password": password,
        "store-members.key": base64.b64encode(secrets.token_bytes(MEMBERS_KEY_BYTES)).decode(),
        "MONGODB_URL": f"mongodb://{STORE_ACCOUNT}:{password}@store:27017/?{options}",
    }


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files one after the other."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    raise SystemExit(main())
