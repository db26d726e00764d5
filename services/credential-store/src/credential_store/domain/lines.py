"""The lines of a file that is handed over, taken from one window of its bytes at a time.

Every line says at which byte the next one begins, so that the work can go on there after any interruption.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from credential_store.domain.column_map import LineError, column_key
from credential_store.domain.column_map import Mapping as Columns
from credential_store.domain.encodings import mark_of
from standards.strict_json import RepeatedNameError, check_names

WINDOW = 524_288
"""Bytes that are read at once."""
LONGEST = 262_144
"""Bytes of one line."""
_LONGEST_HEADER = 100
"""Rows among which the header must be, the blank ones before it included."""

TOO_LONG = "line-too-long"
_TOO_LONG = LineError(TOO_LONG, most=LONGEST)


@dataclass(frozen=True, slots=True)
class LineWindow:
    """Bytes of the file from `offset` on; `line` is the number of the line before them.

    `inside`: the window begins within a line that was too long and has been refused. `is_last`: the file ends with it.
    """

    content: bytes
    offset: int
    line: int
    is_last: bool
    inside: bool = False

    def between(self, start: int, end: int) -> bytes:
        """Return the bytes between two offsets in the file, without the line's end."""
        return self.content[start - self.offset : end - self.offset].rstrip(b"\r\n")


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line: its number, how many lines of the file end with it, where it and the next one begin, and what it says.

    `said` is None for a blank one. `goes_on`: it was so long that its end is not in the window.
    """

    number: int
    last: int
    start: int
    end: int
    said: bytes | Sequence[str] | LineError | None
    goes_on: bool = False


def json_lines(window: LineWindow) -> Iterator[FileLine]:
    """Take the lines of a JSON Lines file as they are written."""
    physical = _Physical(window)
    while (line := physical.take()) is not None:
        yield line


def json_object(said: bytes, number: int) -> dict[str, object]:
    """Read the line of that number of a JSON Lines file. Raises LineError for one that is no object."""
    try:
        data = orjson.loads(said)
        check_names(said)
    except RepeatedNameError as error:
        raise LineError("repeated-name", f"/data{error.path}") from error
    except orjson.JSONDecodeError as error:
        raise _unreadable(said, number, error) from error
    if not isinstance(data, dict):
        raise LineError("not-an-object", "/data")
    return data


def _unreadable(said: bytes, number: int, error: orjson.JSONDecodeError) -> LineError:
    """Tell what is wrong with bytes that are no JSON: not even UTF-8, or where it breaks off."""
    try:
        said.decode()
    except UnicodeDecodeError:
        return LineError("not-utf-8", encoding="UTF-8")
    return LineError("not-json", line=number, column=error.colno)


def csv_rows(window: LineWindow, mapping: Columns, columns: int | None) -> Iterator[FileLine]:
    """Take the rows of a CSV file, each with as many values as there are columns, or the reason why it is none.

    Of a row whose values are all empty nothing is said, and empty values behind the last column are no values.

    A row that does not end well is refused up to the end of its first line only: a forgotten quotation mark must not
    take the right lines behind it along.
    """
    physical = _Physical(window)
    while True:
        start = physical.mark()
        feed = _Feed(physical, mapping.encoding)
        try:
            row = cut(next(csv.reader(feed, delimiter=mapping.delimiter, strict=True), None), columns)
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
            yield FileLine(first.number, physical.line, first.start, physical.end, fault or row or None)


class _Feed:
    """Gives the CSV reader one line after the other, and remembers what it took."""

    def __init__(self, physical: _Physical, encoding: str) -> None:
        self._physical = physical
        self.encoding = encoding
        self.first: FileLine | None = None
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

    def __init__(self, window: LineWindow) -> None:
        self._content = window.content
        self._offset = window.offset
        self._at = 0
        self.is_last = window.is_last
        self.line = window.line
        if window.inside:
            self._at = self._after_newline(0) or len(self._content)
        elif window.offset == 0:
            self._at = len(mark_of(self._content))

    @property
    def end(self) -> int:
        """The offset of the byte after the last line that was taken."""
        return self._offset + self._at

    def take(self) -> FileLine | None:
        """Return the next line without its end, None when there is none or not all of it."""
        start, after = self._at, self._after_newline(self._at)
        length = (after or len(self._content)) - start
        if length == 0 or (after is None and not self.is_last and length <= LONGEST):
            return None
        self._at, self.line = start + length, self.line + 1
        goes_on = after is None and not self.is_last
        return FileLine(self.line, self.line, self._offset + start, self.end, self._said(start, length), goes_on)

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
        said = self._content[start : start + length].rstrip(b"\r\n")
        return said if said.strip() else None


def header(first: bytes, mapping: Columns) -> FileLine:
    """Return the row of column names of a CSV file from its first bytes: the first that is not blank.

    Raises LineError when there is none that can be read.
    """
    rows = csv_rows(LineWindow(first, 0, 0, is_last=True), mapping, None)
    found = next((row for row in islice(rows, _LONGEST_HEADER) if row.said is not None), None)
    if found is None or isinstance(found.said, LineError):
        raise LineError("quotes-not-closed")
    return found


def cells(written: bytes, mapping: Columns) -> Sequence[str] | None:
    """Return the values of one row as it was written, all of them; None when it can't be split."""
    try:
        text = written.decode(mapping.encoding)
        (row,) = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError):
        return None
    return row


def named(row: Sequence[str], columns: Sequence[str]) -> Mapping[str, str]:
    """Return a row's values by the keys of their columns."""
    return dict(zip(map(column_key, columns), row, strict=True))


def cut(row: Sequence[str] | None, columns: int | None) -> Sequence[str] | None:
    """Drop what spreadsheets write behind the last column; a row without any value becomes empty."""
    if row is None:
        return None
    if not any(map(str.strip, row)):
        return []
    last = max(at for at, value in enumerate(row, 1) if value.strip())
    return row[: max(last, columns or 0)]


def _fault(row: Sequence[str] | None, feed: _Feed, columns: int | None) -> LineError | None:
    if feed.is_damaged:
        return LineError("not-utf-8", encoding=feed.encoding.upper())
    if row and columns is not None and len(row) != columns:
        return LineError("wrong-number-of-values", columns=columns, values=len(row))
    return None


def _of(error: csv.Error) -> LineError:
    if "field limit" in str(error):
        return _TOO_LONG
    return LineError("quotes-not-closed")
