"""Run Python with what it needs to work with the run that is up: `python -m local_stack.beside -m PACKAGE…`."""

from __future__ import annotations

import os
import subprocess
import sys

from local_stack import broker, store
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.services import ServiceAddresses, shared_environment


def main() -> int:
    """Run Python with the arguments of the command line; hand back its exit code."""
    try:
        layout = Layout.from_environment()
        environment = shared_environment(layout, *where(layout))
    except StackError as error:
        print(f"beside: {error}", file=sys.stderr)
        return 2
    return subprocess.call([sys.executable, *sys.argv[1:]], env={**os.environ, **environment})


def where(layout: Layout) -> tuple[Ports, ServiceAddresses]:
    """Return the ports, and the addresses of broker and store, of the run that is up. Raises StackError."""
    ports = Ports.from_environment()
    return ports, ServiceAddresses(broker.administrators_url(layout, ports), store.administrators_url(layout, ports))


if __name__ == "__main__":
    raise SystemExit(main())
