from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_stack.deadlines import poll
from local_stack.processes import Program, Running, Start
from testkit.patience import PATIENCE
from testkit.prepared import prepared


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with prepared(tmp_path_factory.mktemp("var")) as starting:
        yield starting


def program(*command: str, **environment: str) -> Program:
    return Program("it", command, environment, lambda: True)


def has_ended(running: Running) -> bool:
    return poll(lambda: not running.is_alive(), seconds=PATIENCE)


def test_it_runs_as_the_command_would_with_its_environment_output_and_code(start: Start, tmp_path: Path) -> None:
    base = str(tmp_path / "base")
    running = Running(program("python", "-m", "site", "--user-base", PYTHONUSERBASE=base), tmp_path / "log", start)

    assert has_ended(running)
    assert (tmp_path / "log").read_text() == f"{base}\n"
    assert running.code == 1, "a virtual environment has no site of the user's"


def test_what_is_no_module_of_python_is_started_as_it_is(start: Start, tmp_path: Path) -> None:
    running = Running(program("sh", "-c", "echo $SAID; exit 3", SAID="hello"), tmp_path / "log", start)

    assert has_ended(running)
    assert ((tmp_path / "log").read_text(), running.code) == ("hello\n", 3)


def test_it_can_be_told_to_end_and_ends_with_the_block(tmp_path: Path) -> None:
    serving = program("python", "-m", "http.server", "--bind", "127.0.0.1", "0")
    with prepared(tmp_path) as start:
        told, left = (Running(serving, tmp_path / "log", start) for _ in range(2))
        told.begin_stop()
        assert has_ended(told)
        assert told.code == -15
        assert left.is_alive()

    assert poll(lambda: not psutil.pid_exists(left.pid), seconds=PATIENCE)
