"""Where the systems that tests start keep their data: in memory where there is room, and gone after the tests.

What a killed process has written is still there, as it would be on a disk; only a machine that loses its power would
lose it, and no test takes that away. A commit that waits for a disk costs a test ten times as much.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local_stack.claim import claim
from local_stack.failure import StackError
from local_stack.layout import ROOT

MEMORY = Path("/dev/shm")  # noqa: S108 - within it we use a folder that is ours alone
ROOM = 2 * 2**30
"""Bytes that must be free there: all systems of a whole run together write a few hundred MiB."""


def place(memory: Path = MEMORY, room: int = ROOM) -> Path:
    """Return the folder for all data of tests: in memory, or `var/` of the workspace where that is small or missing."""
    ours = memory / f"yizheng-tests-{os.getuid()}"
    try:
        if shutil.disk_usage(memory).free < room:
            return ROOT / "var"
        ours.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return ROOT / "var"
    return ours if ours.stat().st_uid == os.getuid() and not ours.is_symlink() else ROOT / "var"


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """Have a folder for a system's data until the end of the block; those of test runs that were killed go at once."""
    remove_leftovers(place())
    kept = place() / f"test-{name}-{os.getpid()}"
    try:
        yield kept
    finally:
        shutil.rmtree(kept, ignore_errors=True)


def remove_leftovers(where: Path) -> None:
    """End the processes of test runs that were killed, and remove their files."""
    for var in where.glob("test-*-*"):
        if psutil.pid_exists(int(var.name.rpartition("-")[2])):  # another worker that may be about to claim it
            continue
        try:
            with claim(var):
                shutil.rmtree(var, ignore_errors=True)
        except StackError:  # that run is still going on
            continue
