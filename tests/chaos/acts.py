"""Making a fault happen to a stack, and putting it right again."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

from pymongo import MongoClient

from local_stack.failure import StackError
from local_stack.stack import Stack
from tests.chaos.faults import PRIMARY, Fault, Kind

FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
WRONG_BY = 3600
"""Seconds by which a clock goes fast or slow."""

_STEP_DOWN = 10
"""Seconds for which the primary that was told to step down may not be elected again."""
_MEMORY, _DISK = ("set_vm_memory_high_watermark", "0.4"), ("set_disk_free_limit", "500MB")
"""What `deploy/rabbitmq.conf` has."""

Undo = Callable[[], None]


class Acts:
    """Does to a stack what the plan says."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._kinds: Mapping[Kind, Callable[[str], Undo]] = {
            Kind.KILL_SERVICE: self._kill,
            Kind.KILL_BROKER: self._kill,
            Kind.KILL_PRIMARY: self._kill,
            Kind.FREEZE_SERVICE: self._freeze,
            Kind.FREEZE_BROKER: self._freeze,
            Kind.FREEZE_MEMBER: self._freeze,
            Kind.MEMORY_ALARM: partial(self._alarm, alarm=(_MEMORY[0], "0"), normal=_MEMORY),
            Kind.DISK_ALARM: partial(self._alarm, alarm=(_DISK[0], "100000GB"), normal=_DISK),
            Kind.STEP_DOWN: self._step_down,
            Kind.CLOCK: self._set_clock,
        }

    def target_of(self, fault: Fault) -> str:
        """Return the process that a fault befalls now. Raises StackError while the store has no primary."""
        if fault.target != PRIMARY:
            return fault.target
        primary = self._stack.infrastructure.primary()
        if not primary:
            raise StackError("the store has no primary")
        return primary

    def prepare(self, fault: Fault) -> None:
        """Do what must be done before: a process whose clock is to jump is started again with one that can."""
        if fault.kind is Kind.CLOCK:
            self._clock(fault.target).write_text("+0\n", encoding="utf-8")
            self._stack.kill(fault.target)
            self._stack.start(fault.target, environment=self._movable(fault.target))

    def befall(self, fault: Fault, target: str) -> Undo:
        """Make it happen; return what puts it right."""
        return self._kinds[fault.kind](target)

    def _kill(self, name: str) -> Undo:
        self._stack.kill(name)
        return partial(self._stack.start, name)

    def _freeze(self, name: str) -> Undo:
        self._stack.kill(name, SIGSTOP)
        return partial(self._stack.kill, name, SIGCONT)

    def _alarm(self, name: str, *, alarm: tuple[str, str], normal: tuple[str, str]) -> Undo:
        self._stack.infrastructure.control(name, *alarm)

        def undo() -> None:
            self._stack.infrastructure.control(name, *normal)

        return undo

    def _step_down(self, _name: str) -> Undo:
        with MongoClient[dict[str, Any]](self._stack.mongodb_url) as client:
            client.admin.command({"replSetStepDown": _STEP_DOWN, "secondaryCatchUpPeriodSecs": _STEP_DOWN // 2})
        return lambda: None

    def _set_clock(self, name: str) -> Undo:
        clock = self._clock(name)
        sign = "-" if sum(name.encode()) % 2 else "+"  # some fast, some slow; the same in every run
        clock.write_text(f"{sign}{WRONG_BY}\n", encoding="utf-8")

        def undo() -> None:
            clock.write_text("+0\n", encoding="utf-8")
            if not self._stack.is_alive(name):  # it noticed, and ended
                self._stack.start(name)

        return undo

    def _clock(self, name: str) -> Path:
        return self._stack.layout.var / f"{name}.clock"

    def _movable(self, name: str) -> dict[str, str]:
        """Return the environment in which a process reads its time through libfaketime; what it measures stays true."""
        return {
            "LD_PRELOAD": faketime(),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock(name)),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def faketime() -> str:
    """Return where libfaketime is. Raises StackError that says what to install."""
    found = sorted(glob.glob(FAKETIME))  # noqa: PTH207 - an absolute pattern
    if not found:
        raise StackError("libfaketime is not installed; install the package libfaketime")
    return found[0]
