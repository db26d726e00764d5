"""Has files of strangers taken apart, a few at a time, in processes of their own (`cleaning_process.py`)."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import orjson
import structlog

from runtime.errors import Refusal, Unavailable
from scans import cleaning_process, sandbox
from scans.cleaning_process import DIED, HEAD, REFUSED, SECONDS, WITHOUT_SANDBOX
from web.turns import TurnLimits, Turns

LIMITS = TurnLimits(at_once=2, of_one_person=6, longest_wait=8, retry_after=10)
"""With the seconds above, an answer comes before the gateway gives up waiting for it (30 s)."""

log = structlog.get_logger()


class Sanitiser:
    """Remakes scans, a few at a time. Runs beside the requests, so that its processes end with the service."""

    def __init__(self, *, without_sandbox: bool = False) -> None:
        """`without_sandbox`: clean also where the kernel does not shut the processes in."""
        self._without_sandbox = without_sandbox
        self._trial: asyncio.Task[bool] | None = None
        self._turns = Turns(LIMITS)
        self._idle: list[Process] = []
        self._stopping = asyncio.Event()

    async def sanitise(self, content: bytes, media_type: str, person: str) -> bytes:
        """Return what may be kept of a file of a person's.

        Raises Refusal, also for one that takes too much memory or time; TooMany, Busy when there is no turn for it;
        Unavailable where there is no sandbox.
        """
        if not await self.may_sanitise():
            raise Unavailable("scans-not-accepted")
        async with self._turns.of(person):
            process = self._idle.pop() if self._idle else await self._started()
            try:
                async with asyncio.timeout(SECONDS):
                    fate, answer = await _asked(process, media_type.encode(), content)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                fate, answer = DIED, b""
                await _ended(process)
            except BaseException:  # it would answer the next one with what this one asked
                await _ended(process)
                raise
            else:
                self._idle.append(process)
        if fate == REFUSED:
            refused = orjson.loads(answer)
            raise Refusal(refused["code"], field="file", **refused["params"])
        if fate == DIED:
            log.warning("scan_not_cleaned", media_type=media_type, size=len(content))
            raise Refusal("scan-broken", field="file")
        return answer

    async def run(self) -> None:
        """Try the sandbox, and wait until stopped; then end the processes."""
        await self.may_sanitise()
        await self._stopping.wait()
        await asyncio.gather(*map(_ended, self._idle))

    async def stop(self) -> None:
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: a process is started when there is something to do."""
        return True

    async def may_sanitise(self) -> bool:
        """Tell whether files may be taken apart here: the sandbox holds, or the service's setting does without."""
        if self._trial is None:
            self._trial = asyncio.create_task(_holds())
        holds = await asyncio.shield(self._trial)
        return holds or self._without_sandbox

    async def _started(self) -> Process:
        return await _python(cleaning_process.__name__, *([WITHOUT_SANDBOX] if self._without_sandbox else ()))


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
    process.stdin.write(HEAD.pack(len(media_type), len(content)) + media_type + content)
    await process.stdin.drain()
    fate, size = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
    return fate, await process.stdout.readexactly(size)


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
