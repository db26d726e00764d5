"""The whole system on this machine, as a context manager: broker, store, services, gateway; one of each, or several."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from local_stack import gateway, services, tokens
from local_stack.certificates import authority_file
from local_stack.devices import Device
from local_stack.failure import StackError
from local_stack.infrastructure import READY, Infrastructure
from local_stack.interrupts import orderly_end, undisturbed
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import PORTAL, SERVICES, Ports
from local_stack.processes import Program, Running, Start, popen, require_all_free, stop_all, wait_ready

LONGEST_STOP = 6.0


class Stack:
    """Within it everything runs and is ready; afterwards nothing is left, whatever happened.

    `services` may name some of them only, or none; the gateway comes with the first, the identity provider with the
    portal. With `replicas=2` there are two processes of each service, with `machines=3` three nodes of the broker and
    three members of the store; with `services_tls` gateway and services speak TLS. Processes are known by name:
    `matcher`, `broker`, `store`; of several `matcher-1`, `broker-1`, `store-1` and so on. `start` starts the
    processes of the services. Raises StackError when something cannot be started, with the end of its log.
    """

    def __init__(
        self,
        var: Path | None = None,
        *,
        port_base: int | None = None,
        services: Collection[str] = SERVICES,
        replicas: int = 1,
        machines: int = 1,
        services_tls: bool = False,
        start: Start = popen,
    ) -> None:
        self.layout = Layout(var.resolve()) if var else Layout.from_environment()
        base = port_base or Ports.from_environment().base
        self.ports = Ports(base, replicas, machines, services_tls)
        self.infrastructure = Infrastructure(self.layout, self.ports)
        self._wanted = tuple(services)
        self._start_process = start
        self._running: dict[str, Running] = {}
        self._held = ExitStack()

    @property
    def gateway_url(self) -> str:
        """The gateway's address, without a slash at its end."""
        return gateway.url(self.ports)

    @property
    def authority(self) -> Path:
        """The certificate of the authority that vouches for the gateway."""
        return authority_file(self.layout.keys)

    @cached_property
    def trusted(self) -> ssl.SSLContext:
        """What a client of the gateway verifies it by."""
        return gateway.trusted(self.layout)

    @property
    def amqp_url(self) -> str:
        """The broker's address with the administrator's account."""
        return self.infrastructure.amqp_url

    def account_url(self, name: str) -> str:
        """Return the broker's address with another account, such as a department's or a service's."""
        return self.infrastructure.account_url(name)

    @property
    def mongodb_url(self) -> str:
        """The store's address."""
        return self.infrastructure.mongodb_url

    @property
    def addresses(self) -> services.ServiceAddresses:
        """Where broker and store are."""
        return services.ServiceAddresses(self.amqp_url, self.mongodb_url)

    @property
    def environment(self) -> dict[str, str]:
        """What another program needs in its environment to work with this stack."""
        return services.shared_environment(self.layout, self.ports, self.addresses)

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready."""
        with ExitStack() as undo:
            undo.enter_context(orderly_end())
            ensure_keys(self.layout.keys)
            undo.enter_context(self.infrastructure)
            undo.callback(self._stop)
            self._start()
            self._held = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything; leave nothing running."""
        self._held.close()

    def token(
        self,
        role: str,
        *,
        subject: str = "",
        departments: Collection[str] = (),
        communities: Collection[str] = (),
        bound: bool | None = None,
    ) -> str:
        """Return a signed token for this stack; see `tokens.sign`."""
        keys = self.layout.keys
        return tokens.sign(keys, role, subject=subject, departments=departments, communities=communities, bound=bound)

    def device(self, subject: str) -> Device:
        """Return the device that the tokens of a terminal are bound to."""
        return Device(self.layout.keys, subject)

    def pid(self, name: str) -> int:
        """Return the process id of a service, or of `gateway`, `broker`, `store`, by its name."""
        return self._find(name).pid

    def pids(self) -> dict[str, int]:
        """Return the process ids of all that runs, by name."""
        return {name: self.pid(name) for name in self.names}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one process; after SIGKILL it is gone."""
        self._find(name).kill(number)

    def is_alive(self, name: str) -> bool:
        """Tell whether a process is still there."""
        return self._find(name).is_alive()

    def start(self, name: str, *, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        """Start a service again that ended or was killed, and wait until it is ready. Raises StackError.

        `environment` is what it finds in its own beside what it had, from now on.
        """
        if self._find(name).is_alive():
            raise StackError(f"{name} is still running (pid {self.pid(name)})")
        if name in self._running:
            program = self._running[name].program
            again = replace(program, environment={**program.environment, **environment})
            wait_ready([self._launch(again)], seconds=READY)
        else:
            self.infrastructure.start(name)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self._running, *(each.program.name for each in self.infrastructure.running()))

    def log(self, name: str) -> str:
        """Return everything that a process has written so far."""
        return self.layout.log(name).read_text(encoding="utf-8", errors="replace")

    def _find(self, name: str) -> Running:
        return self._running[name] if name in self._running else self.infrastructure.find(name)

    def _start(self) -> None:
        wanted = self._programs()
        require_all_free(wanted)
        for each in wanted:
            self._launch(each)
        wait_ready(self._running.values(), seconds=READY)

    def _programs(self) -> tuple[Program, ...]:
        if not self._wanted:
            return ()
        chosen = services.programs(self.layout, self.ports, self.addresses, self._wanted)
        topology = services.topology_program(self.layout, self.ports, self.addresses)
        provider = [services.provider_program(self.layout, self.ports)] if PORTAL in self._wanted else []
        return (topology, *chosen, *provider, gateway.program(self.layout, self.ports))

    def _launch(self, program: Program) -> Running:
        self._running[program.name] = Running(program, self.layout.log(program.name), self._start_process)
        return self._running[program.name]

    def _stop(self) -> None:
        door = self._running.pop("gateway", None)
        with undisturbed():
            stop_all([door] if door else [], seconds=LONGEST_STOP)
            stop_all(self._running.values(), seconds=LONGEST_STOP)
        self._running.clear()
