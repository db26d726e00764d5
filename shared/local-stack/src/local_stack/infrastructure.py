"""Broker and store, on one machine or three, started side by side: private, or what AMQP_URL and MONGODB_URL name."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from local_stack import broker, store
from local_stack.accounts.passwords import account_url, folder_of
from local_stack.claim import claim
from local_stack.failure import StackError
from local_stack.interrupts import undisturbed
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.processes import Program, Running, require_all_free, stop_all, wait_ready

READY = 180.0
"""Seconds: a broker that is up after eight on an idle machine has taken more than sixty on a busy one."""
LONGEST_STOP, LONGEST_STOP_OF_SEVERAL = 4.0, 15.0


class Infrastructure:
    """A context manager: within it, `amqp_url` and `mongodb_url` lead to a running broker and store.

    `makes_accounts`: on a store that is given, too, the services' accounts are made, or get this layout's passwords.
    Raises StackError when a port is taken, something is not installed, or does not become ready.
    """

    def __init__(self, layout: Layout, ports: Ports, *, makes_accounts: bool = True) -> None:
        self.layout = layout
        self.ports = ports
        self.amqp_url = broker.administrators_url(layout, ports)
        self.mongodb_url = store.administrators_url(layout, ports)
        self._makes_accounts = makes_accounts
        self._several = ports.machines > 1
        self._running: dict[str, Running] = {}
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Start what is not given from outside and wait until it answers."""
        with ExitStack() as undo:
            undo.enter_context(claim(self.layout.var))
            undo.callback(self._stop)
            self._start()
            self._held = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started; leave nothing running."""
        self._held.close()

    def account_url(self, name: str) -> str:
        """Return the broker's address with another account. Raises StackError when there is none of that name."""
        return account_url(self.amqp_url, folder_of(self.layout), name)

    def find(self, name: str) -> Running:
        """Return the process `broker`, `epmd` or `store-2`. Raises StackError when it was not started here."""
        if name not in self._running:
            raise StackError(f"{name} is not a process of this run; there are {', '.join(self._running) or 'none'}")
        return self._running[name]

    def start(self, name: str) -> None:
        """Start one of them again after it was killed, and wait until it answers."""
        self.launch(self.find(name).program)
        wait_ready([self._running[name]], seconds=READY)

    def control(self, name: str, *command: str) -> str:
        """Run `rabbitmqctl` against a node, `broker` or `broker-2`; return what it says. Raises StackError."""
        return broker.control(self.layout, self.ports, self.find(name).program.name, *command)

    def primary(self) -> str:
        """Return the name of the store's member that takes the writes now, empty while there is none."""
        return store.primary(self.ports)

    def running(self) -> tuple[Running, ...]:
        """Return what was started here."""
        return tuple(self._running.values())

    def _start(self) -> None:
        wanted = [*self._broker(), *self._store()]
        require_all_free(wanted)
        for program in wanted:
            self.launch(program)
            if program.name == "epmd":  # the node looks for it at once, and would start one that outlives it
                wait_ready(self._running.values(), seconds=READY)
        wait_ready(self._running.values(), seconds=READY)
        if not os.environ.get("MONGODB_URL"):
            store.prepare(self.layout, self.ports)
        elif self._makes_accounts:
            store.prepare_given(self.layout, self.mongodb_url)

    def launch(self, program: Program) -> Running:
        """Start one of them, again if it was killed, without waiting for it."""
        self._running[program.name] = Running(program, self.layout.log(program.name))
        return self._running[program.name]

    def _broker(self) -> tuple[Program, ...]:
        return () if os.environ.get("AMQP_URL") else broker.programs(self.layout, self.ports)

    def _store(self) -> tuple[Program, ...]:
        return () if os.environ.get("MONGODB_URL") else store.programs(self.layout, self.ports)

    def _stop(self) -> None:
        mapper = self._running.pop("epmd", None)
        with undisturbed():
            stop_all(self._running.values(), seconds=LONGEST_STOP_OF_SEVERAL if self._several else LONGEST_STOP)
            stop_all([mapper] if mapper else [], seconds=LONGEST_STOP)
        self._running.clear()
