from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from testkit.forked import fork


def say(what: str) -> None:
    print(what, os.environ["SAID"], flush=True)  # noqa: T201 - what is looked for in the file


def live() -> None:
    time.sleep(600)


async def test_a_function_runs_in_a_process_with_settings_and_a_log_of_its_own(tmp_path: Path) -> None:
    process = fork(say, "hello", environment={"SAID": "here"}, log=tmp_path / "log")
    assert await process.wait() == 0
    assert (tmp_path / "log").read_text(encoding="utf-8") == "hello here\n"
    assert "SAID" not in os.environ


async def test_it_is_killed_and_tells_by_what() -> None:
    process = fork(live, environment={})
    assert process.returncode is None
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    process = fork(live, environment={})
    process.terminate()
    assert await process.wait() == -signal.SIGTERM
