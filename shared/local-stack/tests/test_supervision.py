from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_stack.deadlines import poll
from local_stack.processes import Program, Running, stop_all
from local_stack.supervision import HOPELESS, SupervisedProcess, saying, supervise
from testkit.patience import PATIENCE

SLEEPS = "import signal; signal.pause()"
Keep = Callable[[str], SupervisedProcess]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def keep(tmp_path: Path, said: list[str]) -> Iterator[Keep]:
    kept: list[SupervisedProcess] = []

    def launch(program: Program) -> Running:
        return Running(program, tmp_path / "thing.log")

    def begin(code: str) -> SupervisedProcess:
        program = Program("thing", (sys.executable, "-c", code), dict(os.environ), lambda: True)
        kept.append(SupervisedProcess(launch(program), launch, said.append, first_pause=0.05))
        return kept[-1]

    yield begin
    stop_all([each.running for each in kept], seconds=0)


def test_one_that_is_killed_is_started_again_and_it_is_said(keep: Keep, said: list[str]) -> None:
    kept = keep(SLEEPS)
    first = kept.running.pid
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        kept.look()
        return kept.running.pid != first and kept.running.is_alive()

    assert poll(is_back, seconds=PATIENCE)
    assert said == ["thing ended by itself (SIGKILL); started again in 0.05 s"]


def test_the_pause_grows_with_every_end(keep: Keep, said: list[str]) -> None:
    kept = keep("raise SystemExit(3)")

    def has_ended_thrice() -> bool:
        kept.look()
        return len(said) == 3

    assert poll(has_ended_thrice, seconds=PATIENCE)
    assert [line.rpartition(" in ")[2] for line in said] == ["0.05 s", "0.1 s", "0.2 s"]


def test_one_that_finds_a_mistake_in_its_settings_is_not_started_again(keep: Keep, said: list[str]) -> None:
    steady, wrong = keep(SLEEPS), keep(f"raise SystemExit({HOPELESS})")

    assert supervise([steady, wrong]) is wrong
    assert said == []


def test_what_is_said_stands_in_the_log_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saying(tmp_path / "run.log")("matcher-2 ended")

    assert capsys.readouterr().out == "run: matcher-2 ended\n"
    assert (tmp_path / "run.log").read_text().endswith(" matcher-2 ended\n")
