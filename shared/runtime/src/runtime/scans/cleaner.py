"""Where files of strangers are taken apart: in processes with little memory, little time and nothing else to reach.

`python -m runtime.scans.cleaner` is such a process. It reads files from standard input, one after the other, and
for each it forks a child that makes the file anew, or dies trying: the next file finds everything as it was.
"""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import sys
from asyncio.subprocess import Process
from typing import Protocol

import orjson
import structlog

from runtime.refusal import Refusal
from runtime.scans import cleaning
from runtime.turns import Limits, Turns

MEMORY = 768 * 1024 * 1024
"""Bytes: a picture of 50 million pixels, twice, and the libraries."""
SECONDS = 20
LIMITS = Limits(at_once=2, of_one_person=6, longest_wait=8, retry_after=10)
"""With the seconds above, an answer comes before the gateway gives up waiting for it (30 s)."""
_MADE, _REFUSED, _DIED = range(3)
_HEAD = struct.Struct(">II")
"""Of a request: bytes of the media type, bytes of the file. Of an answer: what became of it, bytes that follow."""

log = structlog.get_logger()


class Cleans(Protocol):
    """Makes scans anew, without whatever else a file carries."""

    async def clean(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return what may be kept of a file, when it is the person's turn. Raises Refusal."""


class Cleaner:
    """Makes scans anew, a few at a time. Runs beside the requests, so that its processes end with the service."""

    def __init__(self) -> None:
        self._turns = Turns(LIMITS)
        self._idle: list[Process] = []
        self._stopping = asyncio.Event()

    async def clean(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return what may be kept of a file of a person's.

        Raises Refusal, also for one that takes too much memory or time; TooMany, Busy when there is no turn for it.
        """
        async with self._turns.of(person):
            process = self._idle.pop() if self._idle else await _started()
            try:
                async with asyncio.timeout(SECONDS):
                    fate, answer = await _asked(process, media_type.encode(), content)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                fate, answer = _DIED, b""
                await _ended(process)
            except BaseException:  # it would answer the next one with what this one asked
                await _ended(process)
                raise
            else:
                self._idle.append(process)
        if fate == _REFUSED:
            refused = orjson.loads(answer)
            raise Refusal(refused["code"], field="file", **refused["params"])
        if fate == _DIED:
            log.warning("scan_not_cleaned", media_type=media_type, size=len(content))
            raise Refusal("scan-broken", field="file")
        return answer

    async def run(self) -> None:
        """Wait until stopped; then end the processes."""
        await self._stopping.wait()
        await asyncio.gather(*map(_ended, self._idle))

    async def stop(self) -> None:
        """Ask it to end."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: a process is started when there is something to do."""
        return True


async def _started() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},  # no address, no key
    )


async def _asked(process: Process, media_type: bytes, content: bytes) -> tuple[int, bytes]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101 - see above
    process.stdin.write(_HEAD.pack(len(media_type), len(content)) + media_type + content)
    await process.stdin.drain()
    fate, size = _HEAD.unpack(await process.stdout.readexactly(_HEAD.size))
    return fate, await process.stdout.readexactly(size)


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def main() -> None:
    """Clean files until there are no more."""
    cleaning.get_ready()
    reading, writing = sys.stdin.buffer, sys.stdout.buffer
    while head := reading.read(_HEAD.size):
        kind_size, size = _HEAD.unpack(head)
        media_type, content = reading.read(kind_size).decode(), reading.read(size)
        child = os.fork()
        if child == 0:
            _clean(content, media_type)
        if os.waitpid(child, 0)[1] != 0:
            writing.write(_HEAD.pack(_DIED, 0))
            writing.flush()


def _clean(content: bytes, media_type: str) -> None:
    """Answer for one file, and end. What can't be answered ends without an answer and a code that says so."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    code = 1
    try:
        fate, answer = _cleaned(content, media_type)
        sys.stdout.buffer.write(_HEAD.pack(fate, len(answer)) + answer)
        sys.stdout.buffer.flush()
        code = 0
    finally:
        os._exit(code)


def _cleaned(content: bytes, media_type: str) -> tuple[int, bytes]:
    try:
        return _MADE, cleaning.cleaned(content, media_type)
    except Refusal as refusal:
        return _REFUSED, orjson.dumps({"code": refusal.code, "params": refusal.params})


if __name__ == "__main__":
    main()
