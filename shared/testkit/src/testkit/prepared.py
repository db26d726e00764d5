"""Services of a test's whole system, forked from a process that has imported what all of them share.

Of the 1.2 seconds of CPU that a service takes to start, 0.9 are for imports that are the same in each. What only one
service imports it imports itself, so that it has no other's metrics. All end with the test run, even if that is killed.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from local_stack.claim import MARK
from local_stack.processes import Process, Program, Start, popen

_SHARED = ("httptools", "uvloop", "privacy.erasure", "privacy.exports", "web.service")
_PYTHON = ("python", sys.executable)
_EVERY = 0.02
_PR_SET_PDEATHSIG = 1


@contextmanager
def prepared(var: Path) -> Iterator[Start]:
    """Return what starts the services of a stack that keeps its data there; they end with the block at the latest."""
    with ExitStack() as undo:
        yield _Asking(var, undo).start


class _Asking:
    """The way to the process that forks, which is begun with the first service.

    Before that, whatever bears a stack's mark is a leftover of an earlier run. One question at a time: tests start
    services in threads.
    """

    def __init__(self, var: Path, undo: ExitStack) -> None:
        self._var = var
        self._undo = undo
        self._one = Lock()

    @cached_property
    def _server(self) -> subprocess.Popen[bytes]:
        server = subprocess.Popen(
            [sys.executable, "-m", "testkit.prepared"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, MARK: str(self._var.resolve())},
            start_new_session=True,
        )
        return self._undo.enter_context(server)  # the end of its input ends it, and with it what it has started

    def start(self, program: Program, log: Path) -> Process:
        """Start a service by forking, anything else as it is started elsewhere."""
        if program.command[0] not in _PYTHON:
            return popen(program, log)
        module, *arguments = program.command[2:]
        environment = dict(program.environment)
        return _Child(self, self.ask(module=module, arguments=arguments, environment=environment, log=str(log)))

    def ask(self, **question: object) -> Any:  # noqa: ANN401 - a process id, or an exit code or None
        with self._one:
            questions, answers = self._server.stdin, self._server.stdout
            if questions is None or answers is None:
                raise RuntimeError("it was started without pipes")
            questions.write(json.dumps(question).encode() + b"\n")
            questions.flush()
            return json.loads(answers.readline())


@dataclass
class _Child:
    """A service that was forked; it is waited for where it was forked, so its id stays its own until that is asked."""

    asking: _Asking
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, as subprocess.Popen does."""
        if self.returncode is None:
            self.returncode = self.asking.ask(ended=self.pid)
        return self.returncode

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(_EVERY)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _serve() -> None:
    """Answer questions until there are no more. A fork goes on from here as the service."""
    for name in _SHARED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            print(json.dumps(_ended(asked["ended"])), flush=True)  # noqa: T201 - the answer
        elif pid := os.fork():
            print(pid, flush=True)  # noqa: T201 - the answer
        else:
            _become(**asked)
            return


def _ended(pid: int) -> int | None:
    """Return a child's exit code, or the negative number of a signal; None while it lives."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(module: str, arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Be `python -m module`, with its output in a file, until it ends."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, _opened(log)), (2, _opened(log))):
        os.dup2(file, number)
        os.close(file)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # it is the interpreter's own
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _opened(log: str) -> int:
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


if __name__ == "__main__":
    _serve()
