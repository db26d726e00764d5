"""The refused lines of a file as a file of the same form, each with the reason: to be repaired and handed over again.

What was refused stands in it byte for byte, as far as it can be put beside a reason. A reason that it has from an
earlier time is replaced.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import orjson

from credential_store.domain.column_map import Mapping, column_key
from credential_store.domain.encodings import Encoding, mark_of
from credential_store.domain.hand_over import HandOver, RefusedLine
from credential_store.domain.lines import cells, cut

REASON = "refused"
"""The member of a JSON object that says why it was refused; who reads a record leaves out what it does not know."""

Tell = Callable[[RefusedLine], str]


class RefusedLines:
    """Refused lines of a JSON Lines file: each object gets one more member, anything else becomes an object."""

    media_type = "application/x-ndjson"
    beginning = b""

    def line(self, refused: RefusedLine, reason: str) -> bytes:
        said = orjson.dumps(reason)
        try:
            record = orjson.loads(refused.written)
        except orjson.JSONDecodeError:
            record = None
        if not isinstance(record, dict):
            return orjson.dumps({"line": refused.written.decode(errors="replace"), REASON: reason}) + b"\n"
        if REASON in record:
            return orjson.dumps({**record, REASON: reason}) + b"\n"
        comma = b", " if record else b""
        return b'%s%s"%s": %s}\n' % (refused.written.rstrip()[:-1], comma, REASON.encode(), said)


class Table:
    """Refused rows of a CSV file, in its encoding, with one more column."""

    def __init__(self, hand_over: HandOver, mapping: Mapping, name: str, names: Sequence[str]) -> None:
        """Name the column of reasons; `names` are all that it may have had in a file that is handed over again."""
        self._encoding: Encoding = mapping.encoding
        self._delimiter = mapping.delimiter
        header = hand_over.received.header
        mark = mark_of(header)
        written = header[len(mark) :]
        self._header = cells(written, mapping) or []
        known = set(map(column_key, names))
        self._kept = [at for at, column in enumerate(self._header) if column_key(column) not in known]
        self.beginning = mark + self._beside(written, self._header, name)
        self.media_type = f"text/csv; charset={self._encoding}"
        self._mapping = mapping

    def line(self, refused: RefusedLine, reason: str) -> bytes:
        """Return a row with its reason; one that can't be split into values stands in the first column, whole."""
        row = cells(refused.written, self._mapping)
        return self._beside(refused.written, row, reason)

    def _beside(self, written: bytes, row: Sequence[str] | None, reason: str) -> bytes:
        beside = f"{self._delimiter}{_quoted(reason)}\r\n"
        if row is not None and len(row) == len(self._header) == len(self._kept):
            return written + beside.encode(self._encoding)
        row = cut(row, None)
        if row is None or len(row) > len(self._header):
            row = [written.decode(self._encoding, errors="replace")]
        values = [row[at] if at < len(row) else "" for at in self._kept]
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator="\r\n").writerow(values)
        return (text.getvalue().removesuffix("\r\n") + beside).encode(self._encoding)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
