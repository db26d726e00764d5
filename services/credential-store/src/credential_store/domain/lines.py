"""The lines of a file that is handed over, taken from one window of its bytes at a time.

Every line says at which byte the next one begins, so that the work can go on there after any interruption.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from credential_store.domain.mapping import LineError
from credential_store.domain.mapping import Mapping as Columns

WINDOW = 524_288
"""Bytes that are read at once."""
LONGEST = 262_144
"""Bytes of one line."""
BOM = b"\xef\xbb\xbf"

_TOO_LONG = LineError("line-too-long", most=LONGEST)


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes of the file from `offset` on; `line` is the number of the line before them.

    `inside`: the window begins within a line that was too long and has been refused. `is_last`: the file ends with it.
    """

    content: bytes
    offset: int
    line: int
    is_last: bool
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its number, how many lines of the file end with it, where the next one begins, and what it says.

    `said` is None for a blank one. `goes_on`: it was so long that its end is not in the window.
    """

    number: int
    last: int
    end: int
    said: bytes | Sequence[str] | LineError | None
    goes_on: bool = False


def json_lines(window: Window) -> Iterator[Line]:
    """Take the lines of a JSON Lines file as they are written."""
    physical = _Physical(window)
    while (line := physical.take()) is not None:
        yield line


def csv_rows(window: Window, mapping: Columns, columns: int) -> Iterator[Line]:
    """Take the rows of a CSV file, each with as many values as there are columns, or the reason why it is none.

    A row that does not end well is refused up to the end of its first line only: a forgotten quotation mark must not
    take the right lines behind it along.
    """
    physical = _Physical(window)
    while True:
        start = physical.mark()
        feed = _Feed(physical, mapping.encoding)
        try:
            row = next(csv.reader(feed, delimiter=mapping.delimiter, strict=True), None)
            fault = _fault(row, feed, columns)
        except csv.Error as error:
            row, fault = None, _of(error)
        if feed.first is None:
            return
        first = feed.first
        if feed.is_cut and feed.taken > 0 and fault is not None and physical.since(start) <= LONGEST:
            return  # the rest of the row is in the next window
        if fault is not None and feed.taken > 1:
            physical.back_to(start)
            physical.take()
        if isinstance(first.said, LineError) or first.said is None:
            yield first
        else:
            yield Line(first.number, physical.line, physical.end, fault or row)


class _Feed:
    """Gives the CSV reader one line after the other, and remembers what it took."""

    def __init__(self, physical: _Physical, encoding: str) -> None:
        self._physical = physical
        self.encoding = encoding
        self.first: Line | None = None
        self.taken = 0
        self.is_damaged = False
        self.is_cut = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.first is not None and not isinstance(self.first.said, bytes):
            raise StopIteration
        line = self._physical.take()
        if line is None:
            self.is_cut = not self._physical.is_last
            raise StopIteration
        self.first = self.first or line
        self.taken += 1
        if line.said is None and line is not self.first:
            return "\n"
        if not isinstance(line.said, bytes):
            raise StopIteration
        try:
            return line.said.decode(self.encoding) + "\n"
        except UnicodeDecodeError:
            self.is_damaged = True
            return line.said.decode(self.encoding, errors="replace") + "\n"


class _Physical:
    """The lines of a window as they are written, one at a time."""

    def __init__(self, window: Window) -> None:
        self._content = window.content
        self._offset = window.offset
        self._at = 0
        self.is_last = window.is_last
        self.line = window.line
        if window.inside:
            self._at = self._after_newline(0) or len(self._content)
        elif window.offset == 0 and self._content.startswith(BOM):
            self._at = len(BOM)

    @property
    def end(self) -> int:
        """The offset of the byte after the last line that was taken."""
        return self._offset + self._at

    def take(self) -> Line | None:
        """Return the next line without its end, None when there is none or not all of it."""
        start, after = self._at, self._after_newline(self._at)
        length = (after or len(self._content)) - start
        if length == 0 or (after is None and not self.is_last and length <= LONGEST):
            return None
        self._at, self.line = start + length, self.line + 1
        goes_on = after is None and not self.is_last
        return Line(self.line, self.line, self.end, self._said(start, length), goes_on)

    def mark(self) -> tuple[int, int]:
        """Return where it is."""
        return self._at, self.line

    def back_to(self, mark: tuple[int, int]) -> None:
        """Go back to where it was."""
        self._at, self.line = mark

    def since(self, mark: tuple[int, int]) -> int:
        """Return how many bytes there are from a mark to the end of the window."""
        return len(self._content) - mark[0]

    def _after_newline(self, start: int) -> int | None:
        found = self._content.find(b"\n", start)
        return None if found < 0 else found + 1

    def _said(self, start: int, length: int) -> bytes | LineError | None:
        if length > LONGEST:
            return _TOO_LONG
        return self._content[start : start + length].rstrip(b"\r\n") or None


def header(first: bytes, mapping: Columns) -> list[str]:
    """Return the columns of a CSV file from its first bytes. Raises LineError when they can't be read."""
    text = first.removeprefix(BOM).partition(b"\n")[0].decode(mapping.encoding)
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=mapping.delimiter, strict=True), [])]
    except csv.Error as error:
        raise _of(error) from error


def named(row: Sequence[str], columns: Sequence[str]) -> Mapping[str, str]:
    """Return a row's values by column."""
    return dict(zip(columns, row, strict=True))


def _fault(row: Sequence[str] | None, feed: _Feed, columns: int) -> LineError | None:
    if feed.is_damaged:
        return LineError("not-utf-8", encoding=feed.encoding.upper())
    if row is not None and len(row) != columns:
        return LineError("wrong-number-of-values", columns=columns, values=len(row))
    return None


def _of(error: csv.Error) -> LineError:
    if "field limit" in str(error):
        return _TOO_LONG
    return LineError("quotes-not-closed")
