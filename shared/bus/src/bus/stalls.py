"""Work that holds the event loop: seen while it lasts, and stopped when it lasts too long.

A process has one thread for all its work. What does not give it back, such as a pattern that backtracks, holds up
everybody; no timeout of asyncio fires, since timeouts run on the loop as well. So a timer of the operating system
watches: its signal reaches the main thread even within a regular expression, tells whose work it is, and after a while
raises HandlerStalledError there. The message then ends as a suspect does (`failures.py`).

What can't even be interrupted by a signal ends the process, with its stacks on standard error; the broker delivers its
messages again, and the one that is to blame is isolated (`processor.py`).
"""

from __future__ import annotations

import asyncio
import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from types import FrameType

import structlog

from bus import metrics

log = structlog.get_logger()

_MARGIN = 6
"""By this part of the time at most, a process that is held ends later than it should."""

_WATCHED: dict[asyncio.Task[object], str] = {}
"""What each task is at, for as long as it may be stopped."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that the loop may be held: until it is counted, until the work is stopped, until the process ends."""

    seen: float = 1.0
    stopped: float = 10.0
    ended: float = 60.0


class HandlerStalledError(Exception):
    """Work was stopped because it had held the event loop for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it held the event loop for {seconds:.0f} s")


@contextmanager
def stoppable(work: str) -> Iterator[None]:
    """Say what the current task is at, and that it may be stopped: it leaves nothing half done."""
    task = asyncio.current_task()
    if task is None:
        yield
        return
    outer = _WATCHED.get(task)
    _WATCHED[task] = work
    try:
        yield
    finally:
        if outer is None:
            _WATCHED.pop(task, None)
        else:
            _WATCHED[task] = outer


class StallWatch:
    """Watches the loop that it is started on, which must be the main thread's."""

    def __init__(self, service: str, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._held = metrics.LOOP_HELD.labels(service)
        self._stopped = metrics.HANDLERS_STOPPED.labels(service)
        self._loop = asyncio.get_running_loop()
        self._every = self._patience.seen / 2
        self._beat_at = monotonic()
        self._wound_up_at = float("-inf")
        self._blamed: str | None = None
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        signal.signal(signal.SIGALRM, self._alarm)
        self._beat_at = monotonic()
        self._beat()

    def stop(self) -> None:
        """Watch no more."""
        if self._next is not None:
            self._next.cancel()
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

    def _beat(self) -> None:
        """Note that the loop runs, and how long it did not; wind up both timers again."""
        now = monotonic()
        held = now - self._beat_at - self._every
        if held >= self._patience.seen:
            self._held.inc()
            log.warning("event_loop_held", seconds=round(held, 1), work=self._blamed)
        self._blamed, self._beat_at = None, now
        signal.setitimer(signal.ITIMER_REAL, self._patience.seen + self._every, self._patience.seen)
        if now - self._wound_up_at >= self._patience.ended / _MARGIN:  # it starts a thread each time
            faulthandler.dump_traceback_later(self._patience.ended * (1 + 1 / _MARGIN), exit=True)
            self._wound_up_at = now
        self._next = self._loop.call_later(self._every, self._beat)

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        """See whose work holds the loop; the signal arrives in the midst of it."""
        task = None
        with suppress(RuntimeError):  # the loop is between two tasks
            task = asyncio.current_task(self._loop)
        work = _WATCHED.get(task) if task is not None else None
        self._blamed = work or (_named(task) if task is not None else None)
        held = monotonic() - self._beat_at
        if work is not None and held >= self._patience.stopped:
            self._stopped.inc()
            raise HandlerStalledError(held)


def _named(task: asyncio.Task[object]) -> str:
    """Name a task by the code that it runs: its number says nothing to whoever reads the log."""
    return str(getattr(task.get_coro(), "__qualname__", task.get_name()))
