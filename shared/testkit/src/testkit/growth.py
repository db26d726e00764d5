"""Whether what a function costs grows with the length of its text, and not with its square."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

SHORT, LONG = 1_000, 8_000
_SLACK = 3
"""How many times as much as linear; a square would be 8 times as much from the short text to the long one."""
_RUNS = 3
_NOISE = 0.002
"""Seconds that the machine may add."""


def assert_linear(read: Callable[[str], object], piece: str) -> None:
    """Read a text made of one piece again and again, short and long, and compare what it costs.

    Raises AssertionError when it costs more than linear growth explains.
    """
    short, long = ((piece * length)[:length] for length in (SHORT, LONG))
    read(long)  # what is loaded once is loaded now
    costs = _cost(read, short), _cost(read, long)
    if costs[1] > _SLACK * (LONG / SHORT) * costs[0] + _NOISE:
        message = f"{piece!r}: {costs[0]:.4f} s for {SHORT} characters, {costs[1]:.4f} s for {LONG}"
        raise AssertionError(message)


def _cost(read: Callable[[str], object], text: str) -> float:
    """Return the least CPU seconds of several runs."""
    costs = []
    for _ in range(_RUNS):
        begin = process_time()
        read(text)
        costs.append(process_time() - begin)
    return min(costs)
