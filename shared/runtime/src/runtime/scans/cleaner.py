"""Where files of strangers are taken apart: in processes with little memory, little time and nothing else to reach.

`python -m runtime.scans.cleaner` is such a process. For each request on standard input it forks a child, which reads
the file, shuts itself in (`sandbox.py`) and cleans the file, or dies trying: the next file finds everything as it was.
The process itself never holds a byte of a file, so that no child inherits what another person handed in. It passes on
as much as the child's answer announces, so that no child answers for the next.
"""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import NoReturn, Protocol

import orjson
import structlog

from runtime.refusal import Refusal, Unavailable
from runtime.scans import cleaning, sandbox
from runtime.turns import Limits, Turns

MEMORY = 768 * 1024 * 1024
"""Bytes: a picture of 50 million pixels, twice, and the libraries."""
SECONDS = 20
LIMITS = Limits(at_once=2, of_one_person=6, longest_wait=8, retry_after=10)
"""With the seconds above, an answer comes before the gateway gives up waiting for it (30 s)."""
_MADE, _REFUSED, _DIED = range(3)
_WITHOUT_SANDBOX = "--without-sandbox"
_REQUESTS, _ANSWERS = 0, 1
"""Descriptors of the process: bytes of files come in on the one and go out on the other."""
_HEAD = struct.Struct(">II")
"""Of a request: bytes of the media type, bytes of the file. Of an answer: what became of it, bytes that follow."""

log = structlog.get_logger()


class Cleans(Protocol):
    """Makes scans anew, without whatever else a file carries."""

    async def clean(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return what may be kept of a file, when it is the person's turn. Raises Refusal."""


class Cleaner:
    """Makes scans anew, a few at a time. Runs beside the requests, so that its processes end with the service."""

    def __init__(self, *, without_sandbox: bool = False) -> None:
        """`without_sandbox`: clean also where the kernel does not shut the processes in."""
        self._without_sandbox = without_sandbox
        self._trial: asyncio.Task[bool] | None = None
        self._turns = Turns(LIMITS)
        self._idle: list[Process] = []
        self._stopping = asyncio.Event()

    async def clean(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return what may be kept of a file of a person's.

        Raises Refusal, also for one that takes too much memory or time; TooMany, Busy when there is no turn for it;
        Unavailable where there is no sandbox.
        """
        if not await self.may_clean():
            raise Unavailable("scans-not-accepted")
        async with self._turns.of(person):
            process = self._idle.pop() if self._idle else await self._started()
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
        """Try the sandbox, and wait until stopped; then end the processes."""
        await self.may_clean()
        await self._stopping.wait()
        await asyncio.gather(*map(_ended, self._idle))

    async def stop(self) -> None:
        """Ask it to end."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: a process is started when there is something to do."""
        return True

    async def may_clean(self) -> bool:
        """Tell whether files may be taken apart here: the sandbox holds, or the service's setting does without."""
        if self._trial is None:
            self._trial = asyncio.create_task(_holds())
        holds = await asyncio.shield(self._trial)
        return holds or self._without_sandbox

    async def _started(self) -> Process:
        return await _python(__name__, *([_WITHOUT_SANDBOX] if self._without_sandbox else ()))


async def _holds() -> bool:
    trial = await _python(sandbox.__name__)
    await trial.communicate()
    if trial.returncode != 0:
        log.error("no_sandbox_for_scans", action="see docs/runbook.md: no scan is accepted on this machine")
    return trial.returncode == 0


async def _python(module: str, *arguments: str) -> Process:
    """Start a program of ours that inherits no descriptor, no memory, and no address or key of the environment."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
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
    may_stand_open = _WITHOUT_SANDBOX in sys.argv
    try:
        sandbox.close_paths()
    except sandbox.SandboxError:
        if not may_stand_open:
            raise
    while head := _read(_REQUESTS, _HEAD.size):
        answer, answering = os.pipe()
        if os.fork() == 0:
            os.close(answer)
            _clean(answering, *_HEAD.unpack(head), may_stand_open=may_stand_open)
        os.close(answering)
        _pass_on(answer)
        os.close(answer)
        os.wait()


def _pass_on(answer: int) -> None:
    """Hand on one answer, exactly as long as it says, without looking into it. Ends the process when it is cut off."""
    head = _read(answer, _HEAD.size)
    if len(head) < _HEAD.size:
        os.write(_ANSWERS, _HEAD.pack(_DIED, 0))
        return
    left = _HEAD.unpack(head)[1]
    os.write(_ANSWERS, head)
    while left:
        moved = os.splice(answer, _ANSWERS, left)
        if not moved:
            sys.exit("an answer was cut off: the next would be taken for the rest of it")
        left -= moved


def _clean(answering: int, kind_size: int, size: int, *, may_stand_open: bool) -> NoReturn:
    """Answer for one file, and end. What can't be answered ends without an answer and a code that says so."""
    code = 1
    try:
        media_type, content = _read(_REQUESTS, kind_size).decode(), _read(_REQUESTS, size)
        os.close(_REQUESTS)
        os.close(_ANSWERS)
        answer = os.fdopen(answering, "wb")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
        try:
            sandbox.close_calls()
        except sandbox.SandboxError:
            if not may_stand_open:
                raise
        fate, made = _cleaned(content, media_type)
        answer.write(_HEAD.pack(fate, len(made)) + made)
        answer.flush()
        code = 0
    finally:
        os._exit(code)


def _read(descriptor: int, size: int) -> bytes:
    """Read so many bytes, or what there is before the end."""
    parts = []
    while size and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _cleaned(content: bytes, media_type: str) -> tuple[int, bytes]:
    try:
        return _MADE, cleaning.cleaned(content, media_type)
    except Refusal as refusal:
        return _REFUSED, orjson.dumps({"code": refusal.code, "params": refusal.params})


if __name__ == "__main__":
    main()
