"""The house in figures: none may grow, each has a goal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.house import structure

EXPLAINED: dict[str, str] = yaml.safe_load((Path(__file__).parent / "homonyms.yaml").read_text())


@pytest.mark.parametrize(
    ("figure", "count"),
    {
        "lines of source, the portal aside": structure.lines_of_source,
        "lines of tests": structure.lines_of_tests,
        "class names that stand in several files": lambda: len(structure.homonyms().keys() - EXPLAINED),
        "modules named by a gerund": lambda: len(structure.gerunds()),
        "protocols": lambda: len(structure.protocols()),
    }.items(),
)
def test_what_is_counted_does_not_grow(
    figure: str, count: Callable[[], int], counted: Callable[[str, int], None]
) -> None:
    counted(figure, count())


def test_only_what_stands_in_several_files_is_explained() -> None:
    assert structure.homonyms().keys() >= EXPLAINED.keys()
