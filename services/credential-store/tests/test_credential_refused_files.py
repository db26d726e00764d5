"""Refused lines as a file: what was sent, byte for byte, with the reason, ready to be repaired and sent again."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credential_store.domain import lines
from credential_store.domain.column_map import ColumnSource, LineError, Mapping
from credential_store.domain.encodings import Encoding
from credential_store.domain.first_look import look
from credential_store.domain.hand_over import HandOver, ReceivedFile, RefusedLine
from credential_store.domain.lines import LineWindow, csv_rows
from credential_store.domain.refused_file import REASON, RefusedLines, Table

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = ("退回原因", "Refused because")
WHY = '第 3 行：含"引号"、逗号,和\n换行'


def mapping(delimiter: str = ",", encoding: Encoding = "utf-8") -> Mapping:
    return Mapping(
        document_type="vaccination-record",
        delimiter=delimiter,
        encoding=encoding,
        record_id=ColumnSource(column="a"),
        holder_index=ColumnSource(column="b"),
        sequence=ColumnSource(column="c"),
    )


def table(content: bytes, said: Mapping, name: str = NAMES[0]) -> Table:
    seen = look(content, said)
    received = ReceivedFile(file="f", name="n", digest="d", size=1, columns=seen.columns, header=seen.header)
    times = {"received_at": NOW, "resumed_at": NOW, "moved_at": NOW}
    hand_over = HandOver(id="h", number="n", department="d", by="d", received=received, mapping=seen.mapping, **times)
    assert seen.mapping is not None
    return Table(hand_over, seen.mapping, name, NAMES)


def refused(written: bytes) -> RefusedLine:
    return RefusedLine(id="h/1", hand_over="h", line=3, record_id=None, reason="x", path="", written=written)


def rows_of(content: bytes, said: Mapping) -> list[bytes]:
    """Return the rows of a file as they are written, without its header."""
    seen = look(content, said)
    assert seen.mapping is not None
    window = LineWindow(content, 0, 0, is_last=True)
    found = list(csv_rows(window, seen.mapping, len(seen.columns)))
    return [window.between(row.start, row.end) for row in found if row.said is not None][1:]


def returned(content: bytes, said: Mapping) -> bytes:
    """Return a file of which every row was refused as it is sent back."""
    file = table(content, said)
    return file.beginning + b"".join(file.line(refused(row), WHY) for row in rows_of(content, said))


def values_of(content: bytes, said: Mapping) -> list[list[str]]:
    seen = look(content, said)
    assert seen.mapping is not None
    text = content.decode(seen.mapping.encoding).removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=said.delimiter))


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\"',;"), max_size=8)
TABLES = st.lists(st.lists(CELL, min_size=3, max_size=3).filter(lambda row: any(map(str.strip, row))), max_size=6)


@given(TABLES, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "gb18030"]), st.booleans(), st.booleans())
def test_every_value_comes_back_as_it_was_sent_and_again_when_it_is_refused_again(
    values: list[list[str]],
    delimiter: str,
    encoding: Encoding,
    has_mark: bool,  # noqa: FBT001 - a case
    is_quoted: bool,  # noqa: FBT001 - a case
) -> None:
    said = mapping(delimiter, encoding)
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL).writerows(
        [["a", "b", "c"], *values]
    )
    content = (("\ufeff" if has_mark else "") + text.getvalue()).encode(encoding)

    once = returned(content, said)
    twice = returned(once, said)

    assert values_of(once, said) == [["a", "b", "c", NAMES[0]], *([*row, WHY] for row in values)]
    assert values_of(twice, said) == values_of(once, said)
    assert once.startswith(b"\xef\xbb\xbf" if has_mark and encoding == "utf-8" else content[:4])
    for row in rows_of(content, said):
        assert row in once


def test_what_is_between_the_delimiters_stays_byte_for_byte() -> None:
    content = b'a,"b","c"\r\n007, " x" ,"1 ""2"""\r\n'
    content = content.replace(b' " x" ', b'" x"')
    assert returned(content, mapping()).splitlines(keepends=True)[1].startswith(b'007," x","1 ""2""","')


def test_a_reason_in_the_other_language_is_replaced_too() -> None:
    said = mapping()
    english = table(b"a,b,c\n", said, NAMES[1])
    once = english.beginning + english.line(refused(b"1,2,3"), "because")
    assert values_of(returned(once, said), said) == [["a", "b", "c", NAMES[0]], ["1", "2", "3", WHY]]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (b'1,"2,3', ['1,"2,3', "", ""]),
        (b"1,2,3,4", ["1,2,3,4", "", ""]),
        (b"1,\xff\xfe,3", ["1,\ufffd\ufffd,3", "", ""]),
        (b"1,2", ["1", "2", ""]),
        (b"1,2,3,,,", ["1", "2", "3"]),
        (b"", ["", "", ""]),
    ],
)
def test_a_row_that_can_not_be_split_stands_in_the_first_column_and_takes_no_other_along(
    written: bytes, values: list[str]
) -> None:
    said = mapping()
    file = table(b"a,b,c\n", said)
    content = file.beginning + file.line(refused(written), WHY) + file.line(refused(b"7,8,9"), WHY)
    assert values_of(content, said)[1:] == [[*values, WHY], ["7", "8", "9", WHY]]


def test_a_repaired_file_is_right_whatever_was_wrong_in_it() -> None:
    said = mapping(encoding="gb18030")
    content = "a,b,c\r\n甲,9f,一\r\n乙,9f,4.4E+17\r\n丙,9f,\r\n".encode("gb18030")
    repaired = returned(content, said)
    for wrong, right in (("甲,9f,一", "甲,9f,1"), ("乙,9f,4.4E+17", "乙,9f,2"), ("丙,9f,,", "丙,9f,3,")):
        assert wrong.encode("gb18030") in repaired
        repaired = repaired.replace(wrong.encode("gb18030"), right.encode("gb18030"))
    seen = look(repaired, said)
    found = list(csv_rows(LineWindow(repaired, 0, 0, is_last=True), said, len(seen.columns)))
    read = [said.data(lines.named(row.said, seen.columns), "d") for row in found[1:] if isinstance(row.said, list)]
    assert [(each["record_id"], each["sequence"]) for each in read] == [("甲", 1), ("乙", 2), ("丙", 3)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b'{"record_id": "\\u0041",  "n": 1.50}', b'{"record_id": "\\u0041",  "n": 1.50, "refused": "why"}\n'),
        (b"{}", b'{"refused": "why"}\n'),
        (b'{"a": 1, "refused": "earlier"} ', b'{"a":1,"refused":"why"}\n'),
        (b'{"a": ', b'{"line":"{\\"a\\": ","refused":"why"}\n'),
        (b"[1]", b'{"line":"[1]","refused":"why"}\n'),
        (b"\xff", '{"line":"\ufffd","refused":"why"}\n'.encode()),
    ],
)
def test_a_json_line_comes_back_as_it_was_sent_with_one_more_member(written: bytes, expected: bytes) -> None:
    assert RefusedLines().line(refused(written), "why") == expected


@given(st.binary(max_size=40) | st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=3).map(orjson.dumps))
def test_any_line_comes_back_as_json(written: bytes) -> None:
    found = orjson.loads(RefusedLines().line(refused(written), WHY))
    assert found[REASON] == WHY


@given(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw))
def test_any_row_comes_back_as_one_row(written: bytes) -> None:
    said = mapping()
    file = table(b"a,b,c\n", said)
    content = file.beginning + file.line(refused(written), WHY) + file.line(refused(b"7,8,9"), WHY)
    try:
        found = values_of(content, said)
    except (UnicodeDecodeError, csv.Error) as error:
        raise AssertionError(written) from error
    assert [len(row) for row in found] == [4, 4, 4]
    assert found[2] == ["7", "8", "9", WHY]


def test_a_line_error_has_what_its_texts_mention() -> None:
    assert LineError("x", "/p", column="c").params == {"column": "c"}
