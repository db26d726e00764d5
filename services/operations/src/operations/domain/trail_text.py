"""A trail as text: aligned columns that can be read at three in the morning, in a terminal or a mail."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from operations.domain.trail import CaseTrail, Placed
from operations.domain.trail_words import TrailWords

_DEEPEST = 6
"""Causes deeper than this are not moved further to the right."""
_COLUMNS = ("number", "time", "since", "what", "cause", "who")
_RIGHT = ("number", "since")
_WIDE = ("W", "F")


def tell(trail: CaseTrail, words: TrailWords) -> str:
    """Tell a case step by step: when, how long after the step before, what, caused by what, who."""
    if not trail.steps:
        return f"{words.say('case', case=printable(trail.case))}\n{words.say('empty')}\n"
    rows = [_row(placed, words) for placed in trail.steps]
    heading = [words.say(f"columns.{name}") for name in _COLUMNS]
    widths = [max(map(width, column)) for column in zip(heading, *rows, strict=True)]
    lines = [*summary(trail, words), "", _line(heading, widths)]
    day = ""
    for placed, row in zip(trail.steps, rows, strict=True):
        if (today := words.day(placed.step.time)) != day:
            lines.append(f"── {today} " + "─" * (sum(widths) + 2 * len(widths) - 6 - width(today)))
            day = today
        lines += [_line(row, widths), _more(placed, words, widths)]
    if not trail.complete:
        lines.append(words.say("more"))
    return "\n".join(lines) + "\n"


def summary(trail: CaseTrail, words: TrailWords) -> list[str]:
    """Tell a case in two lines."""
    told = words.say(
        "summary",
        steps=len(trail.everything),
        lasted=words.duration(trail.lasted),
        failures=trail.failures,
    )
    return [words.say("case", case=printable(trail.case)), told]


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in _WIDE else 1 for each in text
    )


def printable(text: str) -> str:
    """Replace what would steer a terminal or break a document: strangers wrote some of it."""
    return "".join(each if each.isprintable() else "�" for each in text)


def way(placed: Placed, words: TrailWords) -> str:
    """Say from whom to whom a step goes."""
    step = placed.step
    if step.kind == "failure":
        return f"✗ {words.lane(step.lane)}"
    to = ", ".join(words.lane(each) for each in step.to) or ("—" if step.kind == "event" else "")
    return f"{words.lane(step.lane)} → {to}" if to else words.lane(step.lane)


def _row(placed: Placed, words: TrailWords) -> list[str]:
    step = placed.step
    depth = min(placed.depth, _DEEPEST)
    marker = {"failure": "✗ ", "action": "⚑ "}.get(step.kind, "✗ " if step.fault else "")
    row = [
        str(placed.number),
        words.clock(step.time),
        "" if placed.since_previous is None else words.since(placed.since_previous),
        "  " * max(depth - 1, 0) + ("└ " if depth else "") + marker + words.heading(placed),
        words.cause(placed.cause) if placed.cause else "",
        words.actor(step.actor),
    ]
    return [printable(cell) for cell in row]


def _more(placed: Placed, words: TrailWords, widths: Sequence[int]) -> str:
    """Under a step: from whom to whom, and what tells most about it."""
    before = sum(widths[:3]) + 2 * 3 + 2 * min(placed.depth, _DEEPEST)
    told = filter(None, (way(placed, words), words.about(placed)))
    return " " * before + printable("   ".join(told))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        " " * (wide - width(cell)) + cell if name in _RIGHT else cell + " " * (wide - width(cell))
        for name, cell, wide in zip(_COLUMNS, cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
