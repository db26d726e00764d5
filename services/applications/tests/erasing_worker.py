"""Applications as a process of its own, which dies where it is told to at the erasure that it is told.

`python -m services.applications.tests.erasing_worker` reads lines `<erasure> <place>`; for each it forks such a
process, which spares the imports, and writes its id and, when it is dead, the code with which it ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any
from unittest.mock import patch

from applications.config import Settings
from applications.main import create_app
from applications.store.files import ScanFiles
from bus import relay
from bus.event import Received
from bus.relay import Relay
from privacy.erasure import Eraser, ErasureRequested
from store.commit import Committer
from testkit.service_process import until_terminated

HALF_WAY = "half-way through the scans"
WITHIN = "inside the transaction"
UNPUBLISHED = "after the commit, before the publish"
UNFORGOTTEN = "between confirm and removal from the outbox"
PLACES = (HALF_WAY, WITHIN, UNPUBLISHED, UNFORGOTTEN)
SCANS = 12
"""How many scans are removed before the death half-way."""


class Fault:
    """Kills the process at a place, from the moment at which an erasure is begun."""

    def __init__(self, place: str, erasure: str) -> None:
        self._place, self._erasure = place, erasure
        self._begun = False
        self._removed = 0

    def begin(self, erasure: str) -> None:
        """Note what is being erased."""
        self._begun = self._begun or erasure == self._erasure

    def removed(self) -> None:
        """Note that a scan is gone."""
        self._removed += self._begun
        if self._removed == SCANS:
            self.at(HALF_WAY)

    def at(self, place: str) -> None:
        """Die by SIGKILL, if it is here."""
        if self._begun and place == self._place:
            os.kill(os.getpid(), signal.SIGKILL)


def arrange(fault: Fault) -> None:
    """Put the fault where it belongs."""
    answer, remove = Eraser.answer, ScanFiles.remove
    write, dispatch, forget = Committer._write, Relay.dispatch, Relay._forget  # noqa: SLF001 - the fault

    async def begin_and_answer(self: Eraser, kind: Any, asked: Received[ErasureRequested]) -> Any:  # noqa: ANN401 - whatever it takes
        fault.begin(asked.data.erasure_id)
        return await answer(self, kind, asked)

    async def remove_and_die(self: ScanFiles, scan_id: str) -> None:
        await remove(self, scan_id)
        fault.removed()

    async def write_and_die(self: Committer, *rest: Any) -> None:  # noqa: ANN401 - whatever it takes
        await write(self, *rest)
        fault.at(WITHIN)

    async def die_and_dispatch(self: Relay, *rest: Any) -> None:  # noqa: ANN401 - whatever it takes
        fault.at(UNPUBLISHED)
        await dispatch(self, *rest)

    async def die_and_forget(self: Relay) -> None:
        if self._confirmed:
            fault.at(UNFORGOTTEN)
        await forget(self)

    patch.object(Eraser, "answer", begin_and_answer).start()
    patch.object(ScanFiles, "remove", remove_and_die).start()
    patch.object(Committer, "_write", write_and_die).start()
    patch.object(Relay, "dispatch", die_and_dispatch).start()
    patch.object(Relay, "_forget", die_and_forget).start()


def live(erasure: str, place: str) -> None:
    """Be applications in a process of one's own, and tell how it began and ended."""
    child = os.fork()
    if child == 0:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its log is none of what we write
        arrange(Fault(place, erasure))
        app = create_app(Settings())
        asyncio.run(until_terminated(app.router.lifespan_context(app)))
        os._exit(0)
    print(child, flush=True)  # noqa: T201 - whoever started us reads it
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    relay.SWEEP_EVERY = 0.3
    for line in sys.stdin:
        live(*line.rstrip("\n").split(" ", 1))
