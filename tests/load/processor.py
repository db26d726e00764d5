"""The processor time that a run's cases cost, process by process: the figure that travels between machines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

import psutil

CLIENT = "load"
"""The name of the process that measures, which is also everybody who comes and works."""


def spent(processes: Mapping[str, int]) -> dict[str, float]:
    """Return the seconds of processor time that each named process (by its pid) and this one have used so far.

    Descendants count as their ancestor's, those that have ended too: a service has sandboxes, the broker helpers. Those
    of this process do not count as its own: it may have started all the others.
    """
    own = os.times()
    return {**{name: _of(psutil.Process(pid)) for name, pid in processes.items()}, CLIENT: own.user + own.system}


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what was spent between two readings. A process that came in between counts from its beginning."""
    return {name: max(0.0, seconds - before.get(name, 0.0)) for name, seconds in after.items()}


def _of(process: psutil.Process) -> float:
    seconds = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ended just now: its parent has its time, or had never waited for it
            times = each.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
