"""What comes from outside and what must not get in: locked dependencies, dangerous code, committed secrets."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
DANGER = "S,TID251,PLE2502"
"""Bandit's rules as ruff has them, with the modules that are banned in pyproject.toml and texts that read backwards."""
KNOWN = ROOT / "tests" / "supply" / "secrets.baseline"
FOUND_NOTHING_NEW = (0, 3)
"""What the scan returns; 3 when a known one stands in another line now, or is gone."""
GENERATED = (
    *("requirements/*.txt", "docs/asyncapi.yaml", "docs/events.md", "*.svg", "tests/contract/data", "*.baseline"),
    "shared/contracts/released",  # copies of the events, which are looked through
)
HARMLESS = r"^(?!.*(?:[A-Za-z0-9+/=_-]{20}|[0-9A-Fa-f]{9}|://|eyJ|(?i:pass|pwd|secret|key|contras)))"
"""Lines in which no search finds anything, so that the scan need not try each of them: no run of characters long enough
for the entropy that is asked for (23 of base64, 9 of hexadecimal digits) or for a cloud's key, no address, no token,
none of the words that go before a password."""
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE)


def locked(lock: Path) -> Iterator[tuple[str, str, str]]:
    for found in _REQUIREMENT.finditer(lock.read_text(encoding="utf-8")):
        yield found["name"], found["version"], found["rest"]


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name(name)
    return subprocess.run([command, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own tools


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_has_one_version_and_its_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = list(locked(lock))
    assert entries
    assert [name for name, _, rest in entries if "--hash=sha256:" not in rest] == []
    assert len(entries) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)), "something is not pinned by =="
    assert "://" not in re.sub(r"#.*", "", text), "a lock names no host"


def test_what_runs_is_what_was_locked_byte_for_byte() -> None:
    wrong = [fault for name, version, rest in locked(ROOT / "requirements" / "runtime.txt")
             if _is_for_here(rest) for fault in _faults(name, version)]  # fmt: skip
    assert wrong == []


def _is_for_here(rest: str) -> bool:
    from packaging.markers import Marker  # noqa: PLC0415 - comes with pytest

    marker = rest.partition(";")[2].partition("\\")[0].strip() if rest.lstrip().startswith(";") else ""
    return not marker or Marker(marker).evaluate()


def _faults(name: str, version: str) -> Iterator[str]:
    installed = distribution(name)
    if installed.version != version:
        yield f"{name} is {installed.version}, not {version}"
    yield from (f"{name}: {path} was changed" for path in _changed(installed))


def _changed(installed: Distribution) -> Iterator[str]:
    """Compare every file with the digest that the package came with."""
    for file in installed.files or ():
        path = Path(str(file.locate()))
        if file.hash is None or not path.is_file() or path.parts[-2] == "bin":  # commands are written at the installing
            continue
        digest = base64.urlsafe_b64encode(sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        if digest != file.hash.value:
            yield str(file)


def test_no_code_does_what_is_known_to_be_dangerous() -> None:
    checked = tool("ruff", "check", "--quiet", "--select", DANGER, "services", "shared", "docs/examples")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_no_secret_is_committed(tmp_path: Path) -> None:
    files = tool_output("git", "ls-files", "--", ".", *(f":!{pattern}" for pattern in GENERATED)).split()
    assert len(files) > 500
    checked = scan(copied_to(tmp_path), *files)
    assert checked.returncode in FOUND_NOTHING_NEW, checked.stdout


def scan(known: str, *files: str) -> subprocess.CompletedProcess[str]:
    return tool("detect-secrets-hook", "--baseline", known, "--exclude-lines", HARMLESS, *files)


def copied_to(folder: Path) -> str:
    """Return the list of what is known in a place where the scan may write: it brings the lines in it up to date."""
    return str(shutil.copy(KNOWN, folder))


def tool_output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own tools


def test_the_tools_find_what_is_planted(tmp_path: Path) -> None:
    leak = tmp_path / "settings.py"
    leak.write_text("BROKER = 'amqp://matcher:" + "Zq9vTr4LmX7w" + "@broker:5672/'\n", encoding="utf-8")
    danger = tmp_path / "danger.py"
    lines = ("import pickle", "import ftplib", "", "", "def read(body: bytes) -> object:")
    danger.write_text("\n".join((*lines, "    return pickle.loads(body)  # \u202e\n")), "utf-8")
    assert scan(copied_to(tmp_path), str(leak)).returncode == 1
    found = json.loads(tool("ruff", "check", "--select", DANGER, "--output-format", "json", str(danger)).stdout)
    assert {each["code"] for each in found} == {"S301", "TID251", "PLE2502"}
