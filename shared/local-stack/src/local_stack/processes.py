"""One process of ours: what it is, started, watched, stopped."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local_stack.deadlines import poll
from local_stack.failure import StackError
from local_stack.ports import require_free

TAIL = 25


@dataclass(frozen=True)
class Program:
    """How a process is started and how one sees that it is ready for work."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], bool]
    ports: tuple[int, ...] = ()


class Process(Protocol):
    """What subprocess.Popen has, as far as it is used here."""

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def returncode(self) -> int | None:
        """How it ended, when that was last asked."""

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""

    def wait(self) -> int:
        """Wait for its end; return how it ended."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal; do nothing when it has ended."""

    def terminate(self) -> None:
        """Send SIGTERM."""


Start = Callable[[Program, Path], Process]
"""Starts a program whose output goes to a log file."""


def popen(program: Program, log: Path) -> Process:
    """Start a program in a session of its own, so that Ctrl-C is ours to handle."""
    with log.open("ab") as output:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            start_new_session=True,
        )


class Running:
    """A started program. Its output goes to its log file."""

    def __init__(self, program: Program, log: Path, start: Start = popen) -> None:
        self.program = program
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._process = start(program, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How the process ended: its exit code, or the negative number of a signal. None while it runs."""
        return self._process.poll()

    def is_alive(self) -> bool:
        """Say whether the process is still there."""
        return self._process.poll() is None

    def require_ready(self, seconds: float) -> None:
        """Raise a StackError with the end of the log unless the program does its work now."""
        if not self.is_alive():
            raise StackError(f"{self.program.name} stopped with code {self._process.returncode}:\n{self.tail()}")
        if not self.program.ready():
            raise StackError(f"{self.program.name} was not ready after {seconds:.0f} s:\n{self.tail()}")

    def tail(self) -> str:
        """Return the end of the log, indented, with its path."""
        return tail(self.log)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal; for SIGKILL, wait until the process is gone."""
        self._process.send_signal(number)  # does nothing when it has ended
        if number == signal.SIGKILL:
            self._process.wait()

    def begin_stop(self) -> None:
        """Ask the process to end."""
        if self.is_alive():
            self._process.terminate()


def wait_ready(running: Iterable[Running], *, seconds: float) -> None:
    """Wait until all do their work. Raises StackError, at once when one has ended, with the end of its log."""
    waiting = list(running)

    def settled() -> bool:
        waiting[:] = [each for each in waiting if not (each.is_alive() and each.program.ready())]
        return not all(each.is_alive() for each in waiting) or not waiting

    poll(settled, seconds=seconds)
    for each in sorted(waiting, key=Running.is_alive):
        each.require_ready(seconds)


def tail(log: Path) -> str:
    """Return the end of a log, indented, with its path."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL:] if log.exists() else []
    return "\n".join([f"  the end of {log}:", *(f"    {line}" for line in lines)])


def require_all_free(programs: Iterable[Program]) -> None:
    """Raise a StackError that says which port is taken, unless all are free."""
    for program in programs:
        for port in program.ports:
            require_free(port, program.name)


def stop_all(running: Iterable[Running], *, seconds: float) -> None:
    """Stop processes side by side: ask all, wait until the time is up, then make it happen."""
    everyone = list(running)
    for each in everyone:
        each.begin_stop()
    poll(lambda: not any(each.is_alive() for each in everyone), seconds=seconds)
    for each in everyone:
        each.kill(signal.SIGKILL)
