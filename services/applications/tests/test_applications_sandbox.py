"""A file that takes over the process that opens it has gained nothing: it reaches no file, network or process."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.errors import Refusal, Unavailable
from scans import sandbox, sanitisation
from scans.sanitiser import Sanitiser
from services.applications.tests import burglar, paper, phone
from testkit.patience import PATIENCE

PNG, PDF = "image/png", "application/pdf"


@asynccontextmanager
async def running(*, without_sandbox: bool = False) -> AsyncIterator[Sanitiser]:
    sanitiser = Sanitiser(without_sandbox=without_sandbox)
    task = asyncio.create_task(sanitiser.run())
    try:
        yield sanitiser
    finally:
        await sanitiser.stop()
        await task


@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sanitiser's process run the burglar's code in place of the sanitisation."""
    (tmp_path / "sitecustomize.py").write_text("from services.applications.tests import burglar\nburglar.install()\n")
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3]))
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """What there is to reach: keys, addresses in the service's environment, servers of three kinds, this process."""
    monkeypatch.setenv("MONGODB_URL", "mongodb://applications:secret@127.0.0.1/")
    key = tmp_path / "store.key"
    key.write_bytes(b"the key of the store")
    key.chmod(0o600)
    held = os.open(key, os.O_RDONLY)
    os.set_inheritable(held, True)  # noqa: FBT003 - it takes no name
    with (
        socket.create_server(("127.0.0.1", 0)) as by_port,
        _listening(str(tmp_path / "s")) as by_path,
        _listening(f"\0yizheng-{os.getpid()}") as abstract,
    ):
        yield json.dumps(
            {
                "key": str(key),
                "own": sanitisation.__file__,
                "elsewhere": str(tmp_path / "written"),
                "port": str(by_port.getsockname()[1]),
                "path": by_path.getsockname(),
                "abstract": abstract.getsockname()[1:].decode(),
                "service": str(os.getpid()),
            }
        ).encode()
    os.close(held)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not (tmp_path / "written").exists()


@pytest.mark.usefixtures("taken_over")
async def test_a_file_that_takes_the_process_over_reaches_nothing(plan: bytes) -> None:
    async with running() as sanitiser:
        with pytest.raises(Refusal):  # another person's, small enough to lie where the next would find it
            await sanitiser.sanitise(b"%PDF-1.4\n" + burglar.MARK, PDF, "res_1")
        reached = json.loads(await sanitiser.sanitise(plan + b"\n", PDF, "res_2"))
        assert len(reached) > 30
        assert {name: what for name, what in reached.items() if what} == {}
        assert await sanitiser.sanitise(paper.drawing(), PNG, "res_3") == sanitisation.sanitised(paper.drawing(), PNG)


def test_every_path_is_closed_before_the_system_calls_are_where_the_kernel_has_landlock() -> None:
    """Beneath seccomp nothing shows it: what seccomp lets pass by a mistake would still reach no file."""
    reads = "import os; from scans import sandbox; sandbox.close_paths(); os.open('/proc/self/environ', os.O_RDONLY)"
    done = subprocess.run([sys.executable, "-c", reads], capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - our own
    has_landlock = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0
    assert ("PermissionError" in done.stderr) == has_landlock, done.stderr


async def test_the_sandbox_keeps_nothing_from_the_cleaning() -> None:
    """Whatever a library would load at first use must be loaded before: afterwards it can't be read."""
    async with running() as sanitiser:
        for name, content in phone.photographs().items():
            assert (name, await sanitiser.sanitise(content, PDF, "res_1")) == (
                name,
                sanitisation.sanitised(content, PDF),
            )


async def test_without_a_sandbox_no_scan_is_accepted_unless_a_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "__name__", "no_such_module")  # the trial fails
    async with running() as sanitiser:
        assert not await sanitiser.may_sanitise()
        with pytest.raises(Unavailable, match="scans-not-accepted"):
            await sanitiser.sanitise(paper.drawing(), PNG, "res_1")
    async with running(without_sandbox=True) as sanitiser:
        assert await sanitiser.may_sanitise()
        assert await sanitiser.sanitise(paper.drawing(), PNG, "res_1") == sanitisation.sanitised(paper.drawing(), PNG)


def _listening(address: str) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    return listening
