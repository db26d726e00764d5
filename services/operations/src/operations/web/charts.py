"""What is drawn rather than written: a trend line, a bar of counts, a difference; without any style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from operations.domain.replay import ReplayCounts
from operations.domain.tones import tone

WIDTH, HEIGHT = 168, 28
_HOURS = 6
"""Hours that make one point: seven days are 28 points."""


def trend(hours: Sequence[tuple[datetime, int]]) -> Markup:
    """Draw counts by hour, the oldest first; the last point is marked."""
    points = [sum(count for _, count in hours[at : at + _HOURS]) for at in range(0, len(hours), _HOURS)]
    top = max([*points, 1])
    step = WIDTH / max(len(points) - 1, 1)
    places = [
        (round(at * step, 1), round(HEIGHT - 3 - count / top * (HEIGHT - 6), 1)) for at, count in enumerate(points)
    ]
    line = " ".join(f"{x},{y}" for x, y in places)
    x, y = places[-1] if places else (0, HEIGHT)
    return Markup(
        '<svg class="trend" viewBox="-3 0 {wide} {high}" width="{wide}" height="{high}" aria-hidden="true">'
        '<polygon class="trend-area" points="0,{floor} {line} {width},{floor}"/>'
        '<polyline class="trend-line" points="{line}"/><circle class="trend-now" cx="{x}" cy="{y}" r="2.5"/></svg>'
    ).format(wide=WIDTH + 6, high=HEIGHT, width=WIDTH, floor=HEIGHT - 1, line=line, x=x, y=y)


def bar(counts: ReplayCounts) -> Markup:
    """Draw how many of a replay's messages met which fate, as a bar from left to right."""
    parts, at = Markup(""), 0.0
    for fate in ("handled", "ignored", "failed", "sent"):
        width = 100 * int(getattr(counts, fate)) / max(counts.total, 1)
        parts += Markup('<rect class="tone-{tone}" x="{x:.3f}" y="0" width="{width:.3f}" height="10"/>').format(
            tone=tone(fate), x=at, width=width
        )
        at += width
    return Markup('<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>').format(parts)


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference."""

    kind: Literal["added", "removed", "same", "place"]
    text: str


def diff_lines(unified: Sequence[str]) -> list[DiffLine]:
    """Read the lines of a unified difference; its first two only name the files."""
    kinds: dict[str, Literal["added", "removed", "same", "place"]] = {"+": "added", "-": "removed", "@": "place"}
    return [DiffLine(kinds.get(line[:1], "same"), line if line[:1] == "@" else line[1:]) for line in unified[2:]]
