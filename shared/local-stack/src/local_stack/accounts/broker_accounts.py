"""`make broker-accounts`: the definitions for a broker that is not ours to start, which its owner imports."""

from __future__ import annotations

import os
import sys
from urllib.parse import unquote, urlsplit

from local_stack.accounts import definitions, permissions
from local_stack.accounts.passwords import folder_of
from local_stack.layout import Layout

FILE = "definitions.json"

ADVICE = """The accounts of services and departments are in
  {path}
with the passwords beside it, one file each. The broker's owner imports them, again after every change:
  rabbitmqctl import_definitions {path}
Accounts of other names are left alone; one that is no longer wanted goes with `rabbitmqctl delete_user <name>`."""


def main() -> int:
    """Write the definitions for the virtual host that AMQP_URL names; the account in that address is not among them."""
    folder = folder_of(Layout.from_environment())
    vhost = vhost_of(os.environ.get("AMQP_URL", ""))
    definitions.write(folder / FILE, definitions.definitions(folder, vhost=vhost))
    print(ADVICE.format(path=folder / FILE))
    return 0


def vhost_of(amqp_url: str) -> str:
    """Return the virtual host that an AMQP address leads to: what follows the first slash, else the default one."""
    return unquote(urlsplit(amqp_url).path.removeprefix("/")) or permissions.VHOST


if __name__ == "__main__":
    sys.exit(main())
