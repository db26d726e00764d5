"""The process in which files of strangers are taken apart: little memory, little time, nothing else to reach.

`python -m applications.store.cleaner MEDIA_TYPE` reads a file from standard input and writes it, made anew.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys

import orjson
import structlog

from applications.domain.cleaning import cleaned
from runtime.refusal import Refusal

MEMORY = 768 * 1024 * 1024
"""Bytes: a page of 50 million pixels, twice, and the libraries."""
SECONDS = 20
_AT_ONCE = 2
_REFUSED = 3

log = structlog.get_logger()


class Cleaner:
    """Makes scans anew, a few at a time, each in a process that ends with it."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def clean(self, content: bytes, media_type: str) -> bytes:
        """Return what may be kept of a file. Raises Refusal, also for one that takes too much memory or time."""
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                media_type,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(sys.path)},  # no address, no key
            )
            try:
                async with asyncio.timeout(SECONDS):
                    made, _ = await process.communicate(content)
            except TimeoutError:
                made = b""
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode == 0:
            return made
        if process.returncode == _REFUSED:
            refused = orjson.loads(made)
            raise Refusal(refused["code"], field="file", **refused["params"])
        log.warning("scan_not_cleaned", media_type=media_type, size=len(content), code=process.returncode)
        raise Refusal("scan-broken", field="file")


def main() -> int:
    """Clean one file, or say why not."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    try:
        made = cleaned(sys.stdin.buffer.read(), sys.argv[1])
    except Refusal as refusal:
        sys.stdout.buffer.write(orjson.dumps({"code": refusal.code, "params": refusal.params}))
        return _REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
