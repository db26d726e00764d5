"""The figures are printed at the end, beside what they are to become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

HERE = Path(__file__).parent


class Limit(BaseModel):
    """What a figure may be, and what it is to become."""

    at_most: int
    goal: int


LIMITS = TypeAdapter(dict[str, Limit]).validate_python(yaml.safe_load((HERE / "figures.yaml").read_text()))
COUNTED: dict[str, int] = {}


@pytest.fixture
def counted() -> Callable[[str, int], None]:
    """Hold a figure to its limit."""

    def hold(figure: str, value: int) -> None:
        COUNTED[figure] = value
        assert value <= LIMITS[figure].at_most, f"{figure}: {value}, at most {LIMITS[figure].at_most}"

    return hold


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, of all figures that were counted in this process."""
    for figure, value in COUNTED.items():
        limit = LIMITS[figure]
        terminalreporter.write_line(f"{figure:42} {value:7,} (at most {limit.at_most:,}; goal: {limit.goal:,})")
