"""One run at a time per `var/`, and the end of whatever a killed run left behind."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from local_stack.failure import StackError

LOCK = "run.lock"
MARK = "YIZHENG_RUN"
NGINX_TITLE = "nginx: master process"
PATIENCE = 4.0


@contextmanager
def claim(var: Path) -> Iterator[None]:
    """Hold `var` for this process; the lock goes with the process, however that ends. Raises StackError."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise StackError(f"a run is already up in {var} (pid {owner}); stop it first, or set YIZHENG_VAR") from None
        os.register_at_fork(after_in_child=lock.close)  # a forked child that outlives us must not hold our lock
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        end_leftovers(var)
        yield


def end_leftovers(var: Path) -> None:
    """End the processes of an earlier run in `var` that was killed; call it only while holding the claim."""
    left = [process for process in psutil.process_iter() if belongs_to(process, var)]
    stubborn = end(left, psutil.Process.terminate)
    end(stubborn, psutil.Process.kill)


def end(processes: Sequence[psutil.Process], how: Callable[[psutil.Process], None]) -> list[psutil.Process]:
    """End processes and wait a while; return those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it went with another that it belonged to
            how(process)
    _, still_there = psutil.wait_procs(processes, PATIENCE)
    return still_there


def belongs_to(process: psutil.Process, var: Path) -> bool:
    """Say whether a process was started by a run in `var`: by the mark in its environment, or nginx by its title.

    nginx writes its title over its environment.
    """
    try:
        if process.pid == os.getpid():
            return False
        if process.environ().get(MARK) == str(var):
            return True
        title = " ".join(process.cmdline())
        return title.startswith(NGINX_TITLE) and f" -p {var / 'gateway'} " in f"{title} "
    except psutil.Error:
        return False
