"""Keeping processes up: one that ends by itself is started again, after a pause that grows, and it is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import Signals

from local_stack.processes import Program, Running

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds of life after which an end counts as the first one again."""
HOPELESS = 78
"""The exit code of a service that finds a mistake in its data or settings: starting it again would find it again."""

_INTERVAL = 0.2

Launch = Callable[[Program], Running]
Say = Callable[[str], None]


class SupervisedProcess:
    """One process that is kept up."""

    def __init__(self, running: Running, launch: Launch, say: Say, *, first_pause: float = FIRST_PAUSE) -> None:
        self.running = running
        self._launch = launch
        self._say = say
        self._first_pause = self._pause = first_pause
        self._started = time.monotonic()
        self._due: float | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return self.running.program.name

    @property
    def is_hopeless(self) -> bool:
        """Tell whether starting it again is of no use."""
        return self.running.code == HOPELESS

    def look(self) -> None:
        """Note that it has ended, or start it again when the time has come."""
        now = time.monotonic()
        if self._due is not None:
            if now >= self._due:
                self.running, self._started, self._due = self._launch(self.running.program), now, None
        elif not self.running.is_alive() and not self.is_hopeless:
            if now - self._started >= STEADY:
                self._pause = self._first_pause
            self._say(f"{self.name} ended by itself ({_told(self.running.code)}); started again in {self._pause:g} s")
            self._due, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE)


def supervise(kept: Sequence[SupervisedProcess]) -> SupervisedProcess:
    """Keep all of them up until Ctrl-C (KeyboardInterrupt); return the one that it is of no use to start again."""
    while True:
        for each in kept:
            each.look()
            if each.is_hopeless:
                return each
        time.sleep(_INTERVAL)


def saying(log: Path) -> Say:
    """Return a way to say something on the terminal and in a log file."""

    def say(line: str) -> None:
        print(f"run: {line}", flush=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n")

    return say


def _told(code: int | None) -> str:
    return f"{Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
