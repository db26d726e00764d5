from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from types import MappingProxyType
from typing import cast

import pytest

from local_stack.failure import StackError
from local_stack.layout import ROOT, Layout
from local_stack.stack import Stack
from tests.chaos import acts
from tests.chaos.acts import Acts
from tests.chaos.faults import PRIMARY, Fault, Kind


@dataclass
class FakeStack:
    """Takes down what is done to it."""

    layout: Layout
    done: list[tuple[str, ...]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    elected: str = "store-2"

    @property
    def infrastructure(self) -> FakeStack:
        return self

    def kill(self, name: str, number: Signals = SIGKILL) -> None:
        self.done.append((number.name, name))

    def start(self, name: str, *, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        self.done.append(("start", name))
        self.environment |= environment

    def is_alive(self, name: str) -> bool:
        return self.done[-1] != ("ended", name)

    def control(self, name: str, *command: str) -> str:
        self.done.append((name, *command))
        return ""

    def primary(self) -> str:
        return self.elected


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(Layout(tmp_path))


def acting_on(stack: FakeStack) -> Acts:
    return Acts(cast("Stack", stack))


def configured(key: str) -> str:
    text = (ROOT / "deploy" / "rabbitmq.conf").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(key)} = (\S+)$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("kind", "done", "undone"),
    [
        (Kind.KILL_SERVICE, (SIGKILL.name, "x"), ("start", "x")),
        (Kind.FREEZE_BROKER, (SIGSTOP.name, "x"), (SIGCONT.name, "x")),
        (
            Kind.MEMORY_ALARM,
            ("x", "set_vm_memory_high_watermark", "0"),
            ("x", "set_vm_memory_high_watermark", configured("vm_memory_high_watermark.relative")),
        ),
        (
            Kind.DISK_ALARM,
            ("x", "set_disk_free_limit", "100000GB"),
            ("x", "set_disk_free_limit", configured("disk_free_limit.absolute")),
        ),
    ],
)
def test_what_was_done_is_undone(stack: FakeStack, kind: Kind, done: tuple[str, ...], undone: tuple[str, ...]) -> None:
    undo = acting_on(stack).befall(Fault(kind, "x"), "x")
    assert stack.done == [done]
    undo()
    assert stack.done == [done, undone]


def test_the_primary_is_looked_up_when_the_fault_comes(stack: FakeStack) -> None:
    fault = Fault(Kind.KILL_PRIMARY, PRIMARY)
    assert acting_on(stack).target_of(fault) == "store-2"
    stack.elected = ""
    with pytest.raises(StackError, match="no primary"):
        acting_on(stack).target_of(fault)


def test_a_clock_jumps_by_an_hour_and_back_and_what_is_measured_stays_true(stack: FakeStack) -> None:
    """A process that looks at both of its clocks, again and again: its own start, the jump, the way back."""
    fault, acting = Fault(Kind.CLOCK, "matcher-1"), acting_on(stack)
    acting.prepare(fault)
    assert stack.done == [(SIGKILL.name, "matcher-1"), ("start", "matcher-1")]
    look = "import time\nwhile True: print(time.time(), time.monotonic(), flush=True); input()"
    with subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", look], env=stack.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def skew() -> int:
            assert process.stdout is not None
            assert process.stdin is not None
            wall, measured = map(float, process.stdout.readline().split())
            process.stdin.write("\n")
            process.stdin.flush()
            assert abs(measured - time.monotonic()) < acts.WRONG_BY / 2
            return round((wall - time.time()) / acts.WRONG_BY)

        def becomes(*wanted: int) -> bool:
            until = time.monotonic() + 30
            while (found := skew()) not in wanted and time.monotonic() < until:
                time.sleep(0.05)
            return found in wanted

        assert becomes(0)
        undo = acting.befall(fault, "matcher-1")
        assert becomes(-1, 1)
        undo()
        assert becomes(0)
        process.kill()


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "FAKETIME", "/nowhere/*.so")
    with pytest.raises(StackError, match="install the package libfaketime"):
        acts.faketime()


def test_a_process_that_ended_by_itself_over_its_clock_is_started_again(stack: FakeStack) -> None:
    fault, acting = Fault(Kind.CLOCK, "matcher-1"), acting_on(stack)
    acting.prepare(fault)
    undo = acting.befall(fault, "matcher-1")
    stack.done.append(("ended", "matcher-1"))
    undo()
    assert stack.done[-1] == ("start", "matcher-1")
