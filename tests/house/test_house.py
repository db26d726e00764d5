"""The house in figures: none may grow, each has a goal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.house import structure


@pytest.mark.parametrize(
    ("figure", "count"),
    {
        "lines of source, the portal aside": structure.lines_of_source,
        "lines of tests": structure.lines_of_tests,
        "class names that stand in several files": lambda: len(structure.homonyms()),
        "modules named by a gerund": lambda: len(structure.gerunds()),
        "protocols": lambda: len(structure.protocols()),
    }.items(),
)
def test_what_is_counted_does_not_grow(
    figure: str, count: Callable[[], int], counted: Callable[[str, int], None]
) -> None:
    counted(figure, count())
