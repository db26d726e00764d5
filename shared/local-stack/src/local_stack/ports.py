"""The ports of one run, all counted from one base so that several runs can stand side by side."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

import psutil

from local_stack.failure import StackError

HOST = "127.0.0.1"
DEFAULT_BASE = 18000
HIGHEST_BASE = 65000
MOST_REPLICAS = 2
_SECOND = 40
"""How far the second processes' ports are from the base."""
SERVICES = ("identity", "applications", "matcher", "review-dispatch", "credential-store", "operations", "data-rights")


@dataclass(frozen=True)
class Ports:
    """Which port each process listens on."""

    base: int = DEFAULT_BASE
    replicas: int = 1
    """How many processes of each service there are, at most MOST_REPLICAS."""

    @classmethod
    def from_environment(cls, default: int = DEFAULT_BASE) -> Ports:
        """Return the ports that YIZHENG_PORT_BASE asks for, else those from `default` on. Raises StackError."""
        text = os.environ.get("YIZHENG_PORT_BASE", "") or str(default)
        if not text.isdecimal() or not 1024 <= int(text) <= HIGHEST_BASE:  # noqa: PLR2004 - below is for the system
            raise StackError(f"YIZHENG_PORT_BASE must be a number from 1024 to {HIGHEST_BASE}, not {text!r}")
        replicas = os.environ.get("REPLICAS", "") or "1"
        if not replicas.isdecimal() or not 1 <= int(replicas) <= MOST_REPLICAS:
            raise StackError(f"REPLICAS must be a number from 1 to {MOST_REPLICAS}, not {replicas!r}")
        return cls(int(text), int(replicas))

    @property
    def gateway(self) -> int:
        """The port that people use."""
        return self.base

    @property
    def gateway_url(self) -> str:
        """The gateway's address, without a slash at its end."""
        return f"https://{HOST}:{self.gateway}"

    @property
    def broker(self) -> int:
        """The broker's AMQP port."""
        return self.base + 20

    @property
    def broker_distribution(self) -> int:
        """The port for the broker's own command-line tools."""
        return self.base + 21

    @property
    def epmd(self) -> int:
        """The port of the private Erlang port mapper."""
        return self.base + 22

    @property
    def broker_tls(self) -> int:
        """The broker's AMQP port with TLS."""
        return self.base + 23

    @property
    def broker_management(self) -> int:
        """The port of the broker's management interface."""
        return self.base + 24

    @property
    def store(self) -> int:
        """The document store's port."""
        return self.base + 30

    def service(self, name: str, replica: int = 1) -> int:
        """Return the port of a service's first process, or of another one."""
        return self.base + (1 if replica == 1 else _SECOND) + SERVICES.index(name)

    def of(self, name: str) -> tuple[int, ...]:
        """Return the ports of all processes of a service."""
        return tuple(self.service(name, replica) for replica in range(1, self.replicas + 1))

    def all(self) -> tuple[int, ...]:
        """Return every port of a run."""
        broker = (self.broker, self.broker_distribution, self.epmd, self.broker_tls, self.broker_management)
        return (self.gateway, *broker, self.store, *(port for name in SERVICES for port in self.of(name)))


def require_free(port: int, name: str) -> None:
    """Raise a StackError that names the port, who has it and which setting to change, unless it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(
                f"port {port}, wanted for {name}, is taken by {holder(port)}; "
                "set YIZHENG_PORT_BASE to another number, say 30000, or stop that program"
            ) from error


def holder(port: int) -> str:
    """Say which process listens on a port, as far as this user may know."""
    try:
        for each in psutil.net_connections(kind="tcp"):
            if each.status == psutil.CONN_LISTEN and each.pid and tuple(each.laddr)[1:] == (port,):
                return f"{psutil.Process(each.pid).name()} (pid {each.pid})"
    except psutil.Error:  # not ours to see
        pass
    return "another program"
