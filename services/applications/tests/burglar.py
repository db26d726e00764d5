"""What a file that has taken over the sanitiser's process would try. Each attempt tells what it reached.

`install` puts it in the place of the sanitisation itself, as `sitecustomize` of the process that the sanitiser starts.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

MARK = b"the register of another resident, "
"""What another person's file says: it must not lie in this process's memory."""

_TRACE_ATTACH, _CALL_READ_MEMORY, _CALL_OPEN_HANDLE, _CALL_RING, _CALL_NEW_SPACES = 16, 310, 434, 425, 272


def install() -> None:
    """Take the sanitisation over, and remember where this process's memory is."""
    from scans import sanitisation  # noqa: PLC0415 - only in the process that is taken over

    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    heap = next(
        int(line.split("-")[0], 16) for line in Path("/proc/self/maps").read_text().splitlines() if "[heap]" in line
    )
    honest = sanitisation.sanitised

    def cleaned(content: bytes, media_type: str) -> bytes:
        plan, _, _ = content.partition(b"\n")
        return _break_in(json.loads(plan), libc, heap) if plan.startswith(b"{") else honest(content, media_type)

    sanitisation.sanitised = cleaned


def _break_in(plan: dict[str, str], libc: ctypes.CDLL, heap: int) -> bytes:
    reached = {}
    for name, attempt in _attempts(plan, libc, heap):
        try:
            reached[name] = str(attempt())
        except OSError as error:
            refused = isinstance(error, PermissionError) or error.errno == errno.EBADF
            reached[name] = "" if refused else f"{type(error).__name__}: {error}"
    return json.dumps(reached).encode()


def _attempts(plan: dict[str, str], libc: ctypes.CDLL, heap: int) -> Iterator[tuple[str, Callable[[], object]]]:
    loop, service = os.getppid(), int(plan["service"])

    def call(*arguments: object) -> object:
        if libc.syscall(*arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")
        return "done"

    def connect(family: int, address: str | tuple[str, int]) -> Callable[[], object]:
        return lambda: socket.socket(family).connect(address)

    for file in ("key", "own"):
        yield f"reads a file: {file}", partial(_begun, plan[file])
    for process in (loop, service, "self"):
        for part in ("environ", "mem", "maps", "cmdline"):
            yield f"reads {part} of {process}", partial(os.open, f"/proc/{process}/{part}", os.O_RDONLY)
    yield "lists a folder", lambda: next(Path("/").iterdir())
    yield "writes a file", lambda: os.open(plan["elsewhere"], os.O_WRONLY | os.O_CREAT)
    yield "changes rights", lambda: Path(plan["key"]).chmod(0o666)
    yield "connects by TCP", connect(socket.AF_INET, ("127.0.0.1", int(plan["port"])))
    yield "connects by a socket's path", connect(socket.AF_UNIX, plan["path"])
    yield "connects by an abstract socket", connect(socket.AF_UNIX, "\0" + plan["abstract"])
    yield "sends by UDP", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for process in (loop, service):
        for number in (0, signal.SIGCONT):  # what ends the tests if it is not refused says no more
            yield f"signals {process}: {number}", partial(os.kill, process, number)
    yield "attaches to another", lambda: call(101, _TRACE_ATTACH, loop, 0, 0)
    yield "reads another's memory", lambda: call(_CALL_READ_MEMORY, loop, None, 0, None, 0, 0)
    yield "opens a handle of another", lambda: call(_CALL_OPEN_HANDLE, service, 0)
    yield "queues calls in a ring", lambda: call(_CALL_RING, 1, None)
    yield "makes spaces of its own", lambda: call(_CALL_NEW_SPACES, 0x10000000)
    yield "forks", os.fork
    yield "runs a program", lambda: os.execv("/bin/true", ["true"])  # noqa: S606 - an attack
    yield "knows an address or a key", _told_by_environment
    yield "holds a descriptor of another", _readable
    yield "reads who comes next", lambda: os.read(0, 1)
    yield "answers for who comes next", lambda: os.write(1, b"\0" * 64)
    yield "remembers who came before", lambda: _remembered(ctypes.string_at(heap, libc.sbrk(0) - heap))


def _begun(path: str) -> bytes:
    return os.read(os.open(path, os.O_RDONLY), 99)


def _told_by_environment() -> str:
    told = set(os.environ) - {"PYTHONPATH", "LC_CTYPE"}
    if told:
        return ", ".join(sorted(told))
    raise PermissionError


def _readable() -> str:
    """Return which files and sockets this process holds; pipes and devices of its own tell nothing."""
    for descriptor in range(256):
        with suppress(OSError):
            kind = os.fstat(descriptor).st_mode
            if stat.S_ISREG(kind) or stat.S_ISSOCK(kind) or stat.S_ISDIR(kind):
                return f"{descriptor}: {oct(kind)}"
    raise PermissionError


def _remembered(memory: bytes) -> str:
    if MARK in memory:
        return "another's file"
    raise PermissionError
