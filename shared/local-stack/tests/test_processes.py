from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_stack.failure import StackError
from local_stack.processes import Program, Running, stop_all, tail, wait_ready
from testkit.patience import PATIENCE

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def launch(code: str, *, ready: Callable[[], bool] = lambda: True) -> Running:
        program = Program("thing", (sys.executable, "-c", code), dict(os.environ), ready)
        started.append(Running(program, tmp_path / "thing.log"))
        return started[-1]

    yield launch
    stop_all(started, seconds=0)


def test_a_program_that_ends_at_once_is_reported_with_the_end_of_its_log(start: Start) -> None:
    running = start("raise SystemExit('the catalogue has an error in line 7')", ready=lambda: False)
    with pytest.raises(StackError, match=r"thing stopped with code 1:[\s\S]*error in line 7"):
        wait_ready([running], seconds=PATIENCE)


def test_a_program_that_ends_is_reported_before_others_are_waited_for(start: Start) -> None:
    slow, dead = start(STUBBORN, ready=lambda: False), start("raise SystemExit(3)", ready=lambda: False)
    with pytest.raises(StackError, match="stopped with code 3"):
        wait_ready([slow, dead], seconds=60)


def test_a_program_that_does_not_become_ready_is_reported(start: Start) -> None:
    with pytest.raises(StackError, match="thing was not ready after 0 s"):
        wait_ready([start(STUBBORN, ready=lambda: False)], seconds=0.1)


def test_a_program_that_ignores_sigterm_is_killed_when_its_time_is_up(start: Start, tmp_path: Path) -> None:
    running = start(STUBBORN, ready=lambda: "up" in (tmp_path / "thing.log").read_text())
    wait_ready([running], seconds=PATIENCE)
    stop_all([running], seconds=0.2)
    assert not running.is_alive()


def test_a_killed_program_is_gone_when_kill_returns(start: Start) -> None:
    running = start(STUBBORN)
    running.kill(signal.SIGKILL)
    assert not running.is_alive()


def test_the_end_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none.log") == f"  the end of {tmp_path / 'none.log'}:"
