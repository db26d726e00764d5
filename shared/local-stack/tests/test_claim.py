from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack import reset
from local_stack.claim import LOCK, MARK, claim
from local_stack.failure import StackError

WAIT = "import time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def sleep_as(started: list[subprocess.Popen[bytes]], mark: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT], env={**os.environ, MARK: mark}, stdout=subprocess.PIPE, start_new_session=True
    )
    started.append(process)
    assert process.stdout
    process.stdout.readline()
    return process


def test_a_second_run_in_the_same_folder_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(StackError, match=rf"already up in .* \(pid {os.getpid()}\)"), claim(tmp_path):
        pass


def test_a_folder_can_be_claimed_again_after_the_run(tmp_path: Path) -> None:
    for _ in range(2):
        with claim(tmp_path):
            pass


def test_what_a_killed_run_left_is_ended_and_nothing_else(
    tmp_path: Path, sleeper: list[subprocess.Popen[bytes]]
) -> None:
    left = sleep_as(sleeper, str(tmp_path))
    of_another_run = sleep_as(sleeper, f"{tmp_path}-other")
    with claim(tmp_path):
        left.wait(10)
        assert of_another_run.poll() is None


def test_reset_forgets_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "documents").write_text("all")
    (tmp_path / "a-file").write_text("too")
    monkeypatch.setenv("YIZHENG_VAR", str(tmp_path))
    assert reset.main() == 0
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


@pytest.mark.parametrize("busy", ["", "demo"])
def test_reset_refuses_while_a_run_is_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], busy: str
) -> None:
    (tmp_path / "documents").write_text("all")
    monkeypatch.setenv("YIZHENG_VAR", str(tmp_path))
    with claim(tmp_path / busy):
        assert reset.main() == 1
    assert "already up" in capsys.readouterr().err
    assert (tmp_path / "documents").exists()
