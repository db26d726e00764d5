"""What the command line prints: tables for people, JSON for scripts; colours only where a terminal shows them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from operations.commands.caller import Json
from operations.commands.words import say, word
from operations.domain.tones import Tone, tone
from standards.moments import SHENZHEN

_FOR_FILES = 200
"""Characters of a line where there is no terminal whose width would count."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else _FOR_FILES)
err = Console(stderr=True, highlight=False)

_COLOURS: dict[Tone, str] = {"good": "green", "warn": "yellow", "bad": "red", "busy": "cyan", "plain": "dim"}

_WHOLE = {"id", "state", "service", "last-seen", "first-seen", "at", "created-at"}
"""Columns that are copied or scanned: they are never broken over lines."""

Column = tuple[str, Callable[[Json], str]]
"""The text key of a column's head, and what stands in it."""


def as_json(value: object) -> None:
    """Print JSON, and nothing else, to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def table(columns: Sequence[Column], rows: Iterable[Json], *, none: str) -> None:
    """Print a table, or one line saying that there is nothing."""
    found = list(rows)
    if not found:
        out.print(say(none))
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for head, _ in columns:
        drawn.add_column(say(f"columns.{head}"), overflow="fold", no_wrap=head in _WHOLE)
    for row in found:
        drawn.add_row(*(cell(row) for _, cell in columns))
    out.print(drawn)


def fields(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names with their values, one a line; what is empty is left out."""
    drawn = Table(box=None, pad_edge=False, show_header=False)
    drawn.add_column(style="bold")
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            drawn.add_row(say(f"columns.{name}"), value)
    out.print(drawn)


def plain(name: str) -> Column:
    """Make a column of a field as it is."""
    return name.replace("_", "-"), lambda row: escape(str(row[name] if row[name] is not None else ""))


def time(name: str) -> Column:
    """Make a column of a moment, in Shenzhen's time."""
    return name.replace("_", "-"), lambda row: moment(row[name])


def state(kind: str) -> Column:
    """Make a column of the state that people are shown, in its word and colour."""
    return "state", lambda row: coloured(kind, row.get("display_state", row["state"]))


def coloured(kind: str, code: str | None) -> str:
    """Return the word for a state, in its colour."""
    return f"[{_COLOURS[tone(code)]}]{escape(word(kind, code))}[/]" if code else ""


def moment(text: str | None) -> str:
    """Return a moment as people here read it."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(SHENZHEN).strftime("%Y-%m-%d %H:%M:%S")
