"""A process shuts itself in: from then on it computes, answers on the pipes that it holds, and reaches nothing else.

Two locks of the Linux kernel, neither of which needs rights, and which nothing can open again:

- **seccomp**: of all system calls only those in `_ALLOWED` are left. Without `open`, `socket`, `fork`, `execve`, `kill`
  and `ptrace` there is no file, no network and no other process. This one must be there.
- **Landlock**: no path, no TCP port, no abstract socket and no signal, as far as the kernel knows these (5.13 to 6.12).
  It holds even where a system call were missing from our thoughts; a kernel without it is locked by the first alone.

`python -m scans.sandbox` tries it: it ends with 0 when the locks hold on this machine.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

_ALLOWED = (
    # memory
    *("brk", "mmap", "munmap", "mremap", "mprotect", "madvise"),
    # what it holds already
    *("read", "write", "close", "fstat", "lseek"),
    # itself
    *("futex", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "sched_yield"),
    *("getpid", "gettid", "getrandom", "clock_gettime", "gettimeofday", "exit", "exit_group", "restart_syscall"),
)

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
"""Actions of libseccomp: let it pass; answer with an error, so that a library that asks in vain goes on."""

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""Numbers of Landlock's system calls: the same on every architecture."""
_ASK_VERSION = 1
_SET_DUMPABLE, _SET_DEATH_SIGNAL, _NO_NEW_RIGHTS = 4, 1, 38
"""Of prctl(2)."""


class SandboxError(Exception):
    """The kernel, or its library, does not lock this process in."""


class _Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`: all that is to be forbidden. No rule follows that allows any of it."""

    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def close_paths() -> None:
    """Give up every path, port and foreign process, for oneself and all children, where the kernel has Landlock.

    Nothing can be imported or loaded afterwards. Raises SandboxError when the library for `close_calls` is missing.
    """
    _seccomp()
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return
    files = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)  # so many rights of files had that version
    ruleset = _Ruleset((1 << files) - 1, 0b11, 0b11)
    size = 8 if version < 4 else 16 if version < 6 else 24  # noqa: PLR2004 - ports came with 4, scopes with 6
    descriptor = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    _allow_no_new_rights(libc)
    if descriptor < 0 or libc.syscall(_RESTRICT_SELF, descriptor, 0) != 0:
        raise SandboxError("Landlock is there and does not lock this process in")
    os.close(descriptor)


def close_calls() -> None:
    """Give up every system call but those of one's own memory and pipes. Raises SandboxError.

    A process that does this dies with its parent, can't be looked into and leaves no core.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    _allow_no_new_rights(libc)
    seccomp = _seccomp()
    rules = ctypes.c_void_p(seccomp.seccomp_init(_REFUSE))
    for name in _ALLOWED:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if seccomp.seccomp_rule_add_array(rules, _ALLOW, number, 0, None) != 0:
            raise SandboxError(f"no rule for {name}")
    if seccomp.seccomp_load(rules) != 0:
        raise SandboxError("the kernel takes no filter of system calls")


def _seccomp() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        raise SandboxError("libseccomp.so.2 is missing") from error
    library.seccomp_init.restype = ctypes.c_void_p
    return library


def _allow_no_new_rights(libc: ctypes.CDLL) -> None:
    if libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0) != 0:
        raise SandboxError("the kernel does not let a process give up new rights")


def main() -> None:
    """Lock this process in and try the locks. Ends with 0 when they hold."""
    try:
        close_paths()
        close_calls()
    except SandboxError as error:
        sys.exit(str(error))
    tries: tuple[Callable[[], object], ...] = (
        lambda: os.open("/proc/self/environ", os.O_RDONLY),
        lambda: socket.socket(),  # noqa: PLW0108 - as the others are
        os.fork,
        lambda: os.kill(os.getppid(), 0),
    )
    os._exit(0 if all(map(_is_refused, tries)) else 1)


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False


if __name__ == "__main__":
    main()
