"""The lines of a handed-over file, whatever is wrong with it and wherever its windows are cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credential_rows import HEADER, MAPPING, ROW
from credential_store.domain import lines
from credential_store.domain.column_map import LineError, Mapping, column_key
from credential_store.domain.first_look import look
from credential_store.domain.lines import LONGEST, FileLine, LineWindow, csv_rows, json_lines
from runtime.errors import Refusal

Split = Callable[[LineWindow], Iterator[FileLine]]


def taken(content: bytes, split: Split, window: int = lines.WINDOW, at_once: int = 1000) -> list[FileLine]:
    """Take a whole file, window by window, as the service does."""
    found: list[FileLine] = []
    offset, number, inside = 0, 0, False
    while offset < len(content):
        piece = content[offset : offset + window]
        some: list[FileLine] = []
        for line in split(LineWindow(piece, offset, number, offset + len(piece) >= len(content), inside)):
            some.append(line)
            if len(some) == at_once:
                break
        found += some
        if some:
            offset, number, inside = some[-1].end, some[-1].last, some[-1].goes_on
        else:
            offset += len(piece)
    return found


def rows(columns: int) -> Split:
    return lambda window: csv_rows(window, MAPPING, columns)


def said(found: Sequence[FileLine]) -> list[object]:
    return [line.said.reason if isinstance(line.said, LineError) else line.said for line in found]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb", [b"a", b"b"]),
        (b"\xef\xbb\xbfa\n\n  \nb\n", [b"a", None, None, b"b"]),
        (b"a\n" + b"x" * (LONGEST + 1) + b"\nb\n", [b"a", "line-too-long", b"b"]),
        (b"a\n" + b"x" * (3 * lines.WINDOW) + b"\nb\n", [b"a", "line-too-long", b"b"]),
        (b"a\n" + b"x" * (3 * lines.WINDOW), [b"a", "line-too-long"]),
    ],
)
def test_lines_are_what_is_written_between_their_ends(content: bytes, expected: list[object]) -> None:
    found = taken(content, json_lines)
    assert said(found) == expected
    assert [line.number for line in found] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ('a,b\r\n"1,5","x ""y"""\r\n', [["a", "b"], ["1,5", 'x "y"']]),
        ('a,"b\nc"\n1,2\n', [["a", "b\nc"], ["1", "2"]]),
        ('a,"b\n\nc"\n1,2\n', [["a", "b\n\nc"], ["1", "2"]]),
        ('a,"b\n1,2\n3,4\n', ["quotes-not-closed", ["1", "2"], ["3", "4"]]),
        ('a,"b\n1,2\n3,4"\n5,6\n', [["a", "b\n1,2\n3,4"], ["5", "6"]]),
        ('a,"b\n1,2\n3",4\n5,6\n', ["wrong-number-of-values", ["1", "2"], ['3"', "4"], ["5", "6"]]),
        ("a,b\n1\n1,2,3\n\n3,4\n", [["a", "b"], *["wrong-number-of-values"] * 2, None, ["3", "4"]]),
        ('a,"b"c\n1,2\n', ["quotes-not-closed", ["1", "2"]]),
    ],
)
def test_rows_are_csv_and_a_forgotten_quotation_mark_takes_no_right_line_along(
    content: str, expected: list[object]
) -> None:
    assert said(taken(content.encode(), rows(2))) == expected


def test_a_row_that_is_not_of_the_files_encoding_is_refused_and_the_next_is_not() -> None:
    content = "编号,索引\n".encode() + "李,1\n".encode("gb18030") + "李,2\n".encode()
    assert said(taken(content, rows(2))) == [["编号", "索引"], "not-utf-8", ["李", "2"]]


VALUE = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\"',"), max_size=8)


@given(st.lists(st.tuples(VALUE, VALUE), max_size=12), st.integers(80, 400), st.integers(1, 5))
def test_rows_are_the_same_wherever_windows_and_batches_are_cut(
    table: list[tuple[str, str]], window: int, at_once: int
) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    content = written.getvalue().encode()
    longest = max((len(row.encode()) for row in written.getvalue().split('"\n"')), default=0)
    found = taken(content, rows(2), max(window, longest + 80), at_once)
    assert said(found) == [list(row) if any(map(str.strip, row)) else None for row in table]


@given(st.binary(max_size=300), st.integers(1, 60))
def test_no_bytes_whatever_stop_the_work_or_are_taken_twice(content: bytes, at_once: int) -> None:
    for split in (json_lines, rows(2)):
        found = taken(content, split, at_once=at_once)
        ends = [line.end for line in found]
        assert ends == sorted(set(ends))


@pytest.mark.parametrize(
    ("first", "mapping", "code"),
    [
        (b"", None, "file-empty"),
        (b"\xef\xbb\xbf\r\n ", None, "file-empty"),
        (b"\x1f\x8b\x08\x00", None, "file-compressed"),
        (b"PK\x03\x04", MAPPING, "file-compressed"),
        ("编号,姓名\n".encode("gb18030"), MAPPING, "file-encoding"),
        ("\ufeff编号".encode("utf-16"), None, "file-encoding"),
        ("编号,姓名\n1,2\n".encode(), MAPPING, "columns-missing"),
        (f"{HEADER},姓名\n".encode(), MAPPING, "columns-twice"),
        (b'"a\n', MAPPING, "header-not-readable"),
    ],
)
def test_a_file_that_can_not_be_taken_in_is_refused_from_its_beginning(
    first: bytes, mapping: Mapping | None, code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        look(first, mapping)
    assert caught.value.code == code


def test_a_file_in_another_encoding_is_taken_when_the_mapping_says_so() -> None:
    mapping = MAPPING.model_copy(update={"encoding": "gb18030"})
    assert look(f"{HEADER}\n".encode("gb18030"), mapping).columns == tuple(ROW)
    assert look(b"\xef\xbb\xbf" + f"{HEADER}\r\n".encode(), MAPPING).columns == tuple(ROW)


@pytest.mark.parametrize("said", ["utf-8", "gb18030"])
@pytest.mark.parametrize("is_in", ["utf-8", "gb18030"])
def test_a_file_with_a_mark_is_in_the_encoding_that_its_mark_names(said: str, is_in: str) -> None:
    mapping = MAPPING.model_copy(update={"encoding": said})
    content = f"\ufeff{HEADER}\nv1,2\n".encode(is_in)
    seen = look(content, mapping)
    assert (seen.columns, seen.header) == (tuple(ROW), f"\ufeff{HEADER}".encode(is_in))
    assert seen.mapping is not None
    assert seen.mapping.encoding == is_in


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n,\n1,2\n , \n", [["a", "b"], None, ["1", "2"], None]),
        ('a,b\n,,,,\n""\n"",""\n1,2\n\u3000,\n', [["a", "b"], None, None, None, ["1", "2"], None]),
        ("a,b\n1,2,,,\n1,2,,x\n", [["a", "b"], ["1", "2"], "wrong-number-of-values"]),
        ("a,b\n1,\n,2\n", [["a", "b"], ["1", ""], ["", "2"]]),
    ],
)
def test_rows_of_bare_commas_are_no_rows_and_commas_behind_a_row_no_values(
    content: str, expected: list[object]
) -> None:
    assert said(taken(content.encode(), rows(2))) == expected


@pytest.mark.parametrize(
    "header",
    [
        '"编\n号","索\r\n引",姓名,出生日期,全程,针数,厂家,接种日期',
        "\n,,,\n 编 号 ,索引,姓名,\u200b出生日期,全程,针数,厂家,接种日期,,",
        '编号,索引,姓名,出生日期,全程,针数,厂家,接种日期,"备\n注"',
    ],
)
def test_line_breaks_and_spaces_in_a_header_mean_nothing(header: str) -> None:
    seen = look(f"{header}\n{','.join(ROW.values())}\n".encode(), MAPPING)
    found = taken(f"{header}\n".encode() + b"1,2,3,4,5,6,7,8\n", rows(8))
    assert set(map(column_key, ROW)) <= set(map(column_key, seen.columns))
    assert [line.said for line in found if isinstance(line.said, list)][-1] == list("12345678")


@pytest.mark.parametrize(
    "first",
    [b"a,b\n1,2\n", b"\xef\xbb\xbfa;b\n", "编号\t姓名\n1\t李\n".encode(), b"\n\na|b\n"],
)
def test_a_table_without_a_mapping_is_refused_as_that(first: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        look(first, None)
    assert caught.value.code == "mapping-missing"


def test_a_workbook_is_told_from_other_packed_files() -> None:
    for first in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04 [Content_Types].xml xl/workbook.xml"):
        with pytest.raises(Refusal) as caught:
            look(first, MAPPING)
        assert caught.value.code == "file-workbook"
