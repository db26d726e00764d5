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
MACHINES = (1, 3)
"""How many brokers and members of the store there may be: of two, none is a majority."""
_SECOND = 40
"""How far the second processes' ports are from the base."""
_BROKERS = (20, 25, 33)
_STORES = (30, 31, 32)
SERVICES = ("identity", "applications", "matcher", "review-dispatch", "credential-store", "operations", "data-rights")
PORTAL = "portal"
PROCESSES = (*SERVICES, PORTAL)
"""The services, which speak by events, and the portal, which only calls them."""


@dataclass(frozen=True)
class BrokerPorts:
    """The ports of one node of the broker."""

    base: int

    @property
    def amqp(self) -> int:
        """AMQP without TLS."""
        return self.base

    @property
    def distribution(self) -> int:
        """For the other nodes and the broker's own command-line tools."""
        return self.base + 1

    @property
    def tls(self) -> int:
        return self.base + 3

    @property
    def management(self) -> int:
        """The management interface."""
        return self.base + 4

    def all(self) -> tuple[int, ...]:
        return (self.amqp, self.distribution, self.tls, self.management)


@dataclass(frozen=True)
class Ports:
    """Which port each process listens on."""

    base: int = DEFAULT_BASE
    replicas: int = 1
    """How many processes of each service there are, at most MOST_REPLICAS."""
    machines: int = 1
    """How many nodes of the broker and members of the store there are: one of MACHINES."""
    services_tls: bool = False
    """Whether the services speak TLS to the gateway, as they do between hosts."""

    @classmethod
    def from_environment(cls, default: int = DEFAULT_BASE) -> Ports:
        """Return the ports that YIZHENG_PORT_BASE asks for, else those from `default` on. Raises StackError."""
        text = os.environ.get("YIZHENG_PORT_BASE", "") or str(default)
        if not text.isdecimal() or not 1024 <= int(text) <= HIGHEST_BASE:  # noqa: PLR2004 - below is for the system
            raise StackError(f"YIZHENG_PORT_BASE must be a number from 1024 to {HIGHEST_BASE}, not {text!r}")
        replicas = os.environ.get("REPLICAS", "") or "1"
        if not replicas.isdecimal() or not 1 <= int(replicas) <= MOST_REPLICAS:
            raise StackError(f"REPLICAS must be a number from 1 to {MOST_REPLICAS}, not {replicas!r}")
        machines = os.environ.get("MACHINES", "") or "1"
        if machines not in map(str, MACHINES):
            raise StackError(f"MACHINES must be {' or '.join(map(str, MACHINES))}, not {machines!r}")
        tls = os.environ.get("SERVICES_TLS", "") or "0"
        if tls not in {"0", "1"}:
            raise StackError(f"SERVICES_TLS must be 0 or 1, not {tls!r}")
        return cls(int(text), int(replicas), int(machines), tls == "1")

    @property
    def gateway(self) -> int:
        """The port that people use."""
        return self.base

    @property
    def gateway_url(self) -> str:
        """The gateway's address, without a slash at its end."""
        return f"https://{HOST}:{self.gateway}"

    @property
    def provider(self) -> int:
        """The port of the development identity provider."""
        return self.base + 12

    @property
    def provider_url(self) -> str:
        """The development identity provider's address, without a slash at its end."""
        return f"https://{HOST}:{self.provider}"

    @property
    def reader(self) -> int:
        """The port of the development card reader, which is no part of a run."""
        return self.base + 13

    @property
    def brokers(self) -> tuple[BrokerPorts, ...]:
        """The ports of each node of the broker."""
        return tuple(BrokerPorts(self.base + offset) for offset in _BROKERS[: self.machines])

    @property
    def epmd(self) -> int:
        """The port of the private Erlang port mapper."""
        return self.base + 22

    @property
    def stores(self) -> tuple[int, ...]:
        """The port of each member of the store."""
        return tuple(self.base + offset for offset in _STORES[: self.machines])

    @property
    def broker(self) -> int:
        """The AMQP port of the first node."""
        return self.brokers[0].amqp

    @property
    def broker_tls(self) -> int:
        """The AMQP port with TLS of the first node."""
        return self.brokers[0].tls

    @property
    def store(self) -> int:
        """The port of the store's first member."""
        return self.stores[0]

    def service(self, name: str, replica: int = 1) -> int:
        """Return the port of a service's first process, or of another one."""
        return self.base + (1 if replica == 1 else _SECOND) + PROCESSES.index(name)

    def of(self, name: str) -> tuple[int, ...]:
        """Return the ports of all processes of a service."""
        return tuple(self.service(name, replica) for replica in range(1, self.replicas + 1))

    def all(self) -> tuple[int, ...]:
        """Return every port of a run."""
        brokers = (port for each in self.brokers for port in each.all())
        return (
            *(self.gateway, self.provider, *brokers, self.epmd, *self.stores),
            *(port for name in PROCESSES for port in self.of(name)),
        )


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Return the names of so many processes that do the same: `store`, or `store-1`, `store-2` and so on."""
    return (name,) if count == 1 else tuple(f"{name}-{number}" for number in range(1, count + 1))


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
