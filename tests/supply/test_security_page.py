"""The threat model names a test for every control, and each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(r"`((?:tests|shared|services)/[^`:]+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 20
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"


def test_every_threat_has_its_control_and_its_test() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    threats = [row for row in rows if len(row) == 3 and not row[0].startswith(("| **", "| threat", "| ---"))]
    proven = [row for row in threats if ".py" in row[2]]
    assert len(proven) > 20
    assert all(row[1].strip() for row in proven)
