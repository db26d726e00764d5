"""Every exception from a linter or the type checker says why where it stands, and no file of ours grows without end."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from local_stack.layout import ROOT

_EXCEPTION = re.compile(r"# (?:noqa|type: ignore)\b")
_EXPLAINED = re.compile(r"# (?:noqa: [A-Z0-9]+(?:, [A-Z0-9]+)* - |type: ignore\[[a-z-]+(?:, [a-z-]+)*\] # )")
LONGEST = 400
"""Lines of a file that services run."""


def sources() -> list[Path]:
    command = ("git", "ls-files", "*.py")
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603 - git alone
    return [ROOT / name for name in listed.splitlines()]


def unexplained(line: str) -> bool:
    return bool(_EXCEPTION.search(line)) and not _EXPLAINED.search(line)


def test_every_exception_says_why() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unexplained(line) and path != Path(__file__)
    ]
    assert found == []


def test_an_exception_without_a_reason_would_be_found() -> None:
    assert unexplained("import os  # noqa: F401")
    assert unexplained("x = y  # type: ignore[attr-defined]")
    assert unexplained("x = y  # noqa")
    assert not unexplained("import os  # noqa: F401 - it is told of")


def test_no_file_that_services_run_is_too_long_to_read() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources() if "src" in path.parts}
    assert {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LONGEST} == {}
