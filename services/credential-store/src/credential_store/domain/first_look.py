"""The first look at a file that arrives: what can't be taken in is refused from its first bytes."""

from __future__ import annotations

from dataclasses import dataclass

from credential_store.domain import lines
from credential_store.domain.column_map import LineError, Mapping, column_key
from credential_store.domain.encodings import MARKS, encoding_of, mark_of, marked
from runtime.errors import Refusal, Unsupported

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
}
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_WORKBOOK = (b"PK\x03\x04", b"xl/")
_SEPARATORS = b",;\t|"


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What was seen of a CSV file: its columns, the bytes of its header, and its mapping with the file's encoding."""

    mapping: Mapping | None = None
    columns: tuple[str, ...] = ()
    header: bytes = b""


def look(first: bytes, mapping: Mapping | None) -> FirstLook:
    """Look at a file's first bytes. Raises Unsupported, Refusal."""
    if first.startswith(_OLD_WORKBOOK) or (first.startswith(_WORKBOOK[0]) and _WORKBOOK[1] in first):
        raise Unsupported("file-workbook", field="file")
    packed = next((kind for magic, kind in _PACKED.items() if first.startswith(magic)), None)
    if packed is not None:
        raise Unsupported("file-compressed", field="file", kind=packed)
    if not first[len(mark_of(first)) :].strip():
        raise Refusal("file-empty", field="file")
    if mapping is None:
        _check_encoding(first, "utf-8", has_header=False)
        _check_is_no_table(first)
        return FirstLook()
    mapping = mapping.model_copy(update={"encoding": marked(first) or mapping.encoding})
    _check_encoding(first, mapping.encoding, has_header=True)
    return _table(first, mapping)


def _check_encoding(first: bytes, encoding: str, *, has_header: bool) -> None:
    """Refuse a file in another encoding: its header can't be read, or most lines that are not plain ASCII can't.

    A damaged line among right ones is refused by itself, when its turn comes.
    """
    *whole, rest = first.split(b"\n")
    telling = [line for line in whole or [rest] if not line.isascii()]
    wrong = [line for line in telling if not _is(line, encoding)]
    has_other_mark = marked(first) not in (None, encoding)
    if has_other_mark or 2 * len(wrong) > len(telling) or (has_header and wrong and wrong[0] is (whole or [rest])[0]):
        line = 1 if has_other_mark else (whole or [rest]).index(wrong[0]) + 1
        raise Refusal("file-encoding", field="file", encoding=encoding, line=line, seen=encoding_of(first))


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _check_is_no_table(first: bytes) -> None:
    """Refuse a table that came without a mapping: no line is a JSON object, and the first one has separators."""
    rows = [row.strip() for row in first.removeprefix(MARKS["utf-8"]).splitlines() if row.strip()]
    if not any(row.startswith((b"{", b"[", b'"{')) for row in rows) and any(each in rows[0] for each in _SEPARATORS):
        raise Refusal("mapping-missing", field="mapping")


def _table(first: bytes, mapping: Mapping) -> FirstLook:
    try:
        row = lines.header(first, mapping)
    except LineError as error:
        raise Refusal("header-not-readable", field="file") from error
    assert isinstance(row.said, list)  # noqa: S101 - what the header is
    columns = [" ".join(name.split()) for name in row.said]
    keys = [column_key(name) for name in columns]
    missing = ", ".join(name for name in mapping.columns if column_key(name) not in keys)
    if missing:
        raise Refusal("columns-missing", field="file", missing=missing, found=", ".join(columns)[:500])
    twice = ", ".join(name for name in mapping.columns if keys.count(column_key(name)) > 1)
    if twice:
        raise Refusal("columns-twice", field="file", twice=twice)
    written = mark_of(first) + first[row.start : row.end].rstrip(b"\r\n")
    return FirstLook(mapping, tuple(columns), written)
