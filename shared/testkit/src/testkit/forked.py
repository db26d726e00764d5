"""Processes that tests kill, forked from one that has imported what they need: a start takes no second of imports."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_EVERY = 0.02
UNKNOWN = 255
"""The code of a process that has ended without the fork server telling how (multiprocessing.popen_forkserver)."""
_SERVER = get_context("forkserver")
_PRELOADED: list[str] = []


@dataclass(frozen=True, slots=True)
class Forked:
    """A process of a test's own."""

    process: ForkServerProcess

    @property
    def returncode(self) -> int | None:
        """The code with which it ended, -9 after SIGKILL; None while it lives."""
        return self.process.exitcode

    async def wait(self) -> int:
        """Wait for its end; return the code."""
        while (code := self.process.exitcode) is None:  # noqa: ASYNC110 - it ends outside of this loop
            await asyncio.sleep(_EVERY)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal. Raises ProcessLookupError when it has ended."""
        if self.process.pid is None or self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.process.pid, number)

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()


def preload(modules: Sequence[str]) -> None:
    """Name more of what the first process of all is to import; once it runs, that is too late."""
    _PRELOADED.extend(modules)
    _SERVER.set_forkserver_preload(list(_PRELOADED))


def fork(
    work: Callable[..., None], *arguments: object, environment: Mapping[str, str], log: Path | None = None
) -> Forked:
    """Run a function of a module, with settings beside those of this process; what it writes goes to a file, if any."""
    process = _SERVER.Process(
        target=_run, args=(work, arguments, {**os.environ, **environment}, str(log or os.devnull)), daemon=True
    )
    process.start()
    return Forked(process)


def _run(work: Callable[..., None], arguments: tuple[object, ...], environment: dict[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    work(*arguments)
