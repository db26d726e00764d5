"""A broker and a store of one's own, on ports that were free, and gone at the end with all that they wrote."""

from __future__ import annotations

import atexit
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from local_stack.failure import StackError
from local_stack.infrastructure import Infrastructure
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports, require_free
from testkit import places

_STEP = 50
"""How far the bases of ports are from each other."""


@contextmanager
def private_infrastructure(first_port: int = 19000) -> Iterator[Infrastructure]:
    """Run a broker and a store of one's own on free ports: empty at the start, gone with their data at the end.

    One that AMQP_URL or MONGODB_URL names is used as it is: its accounts may be those of a system that runs.
    """
    with killed_at_the_end() as undo:
        running = _start(first_port, undo)
        undo.push(running)
        yield running


@contextmanager
def killed_at_the_end() -> Iterator[ExitStack]:
    """Undo, where the data go as well: broker and store are not given the seconds that they take to end in order."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as undo:
        try:
            yield undo
        finally:
            for name in ("LONGEST_STOP", "LONGEST_STOP_OF_SEVERAL"):
                patch.setattr(f"local_stack.infrastructure.{name}", 0.0)


@retry(retry=retry_if_exception_type(StackError), stop=stop_after_attempt(3), reraise=True)
def _start(first_port: int, undo: ExitStack) -> Infrastructure:
    """Start; two runs that choose the same ports at the same time choose again."""
    ports = free_ports(first_port)
    layout = Layout(undo.enter_context(places.folder(str(ports.base))))
    return Infrastructure(layout, ports, makes_accounts=False).__enter__()


def free_ports(first: int = 19000) -> Ports:
    """Find a base whose ports are all free and keep it for this process, so that test runs can go on side by side.

    Raises StackError.
    """
    for base in range(first, first + 2000, _STEP):
        ports = Ports(base)
        try:
            for port in ports.all():
                require_free(port, "tests")
            _keep(base)
        except (StackError, OSError):
            continue
        return ports
    raise StackError(f"no free ports from {first} on")


def _keep(base: int) -> None:
    """Hold the last port of a base until this process ends. Raises OSError when another process holds it."""
    held = socket.socket()
    try:
        held.bind((HOST, base + _STEP - 1))
    except OSError:
        held.close()
        raise
    atexit.register(held.close)
