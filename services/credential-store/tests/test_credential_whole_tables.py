"""Whole tables as departments may write them, by a mapping that says how: every record is read as it was meant."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from credential_store.domain import lines
from credential_store.domain.encodings import Encoding
from credential_store.domain.first_look import look
from credential_store.domain.lines import LineWindow, csv_rows
from credential_store.domain.mapping_faults import read_mapping
from credential_store.views import RecordPublished
from records.checks import check_fields

FORMS = ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y %H:%M"]
WORDS = [(["是"], ["否"]), (["yes", "on"], ["no", "off"]), (["TRUE"], ["FALSE"]), (["1"], ["0"]), (["√"], ["×"])]
NAMES = st.text("编号索引姓名日期全程备注ab1 ", min_size=1, max_size=8).filter(str.strip)
COLUMNS = st.lists(NAMES, min_size=6, max_size=6, unique_by=lambda name: "".join(name.split()))
PEOPLE = st.text("李育成王美玲阿卜杜拉·“”,;'\"\n", min_size=1, max_size=8).filter(lambda text: text.strip(" ,;'\"\n“”"))
DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
ROWS = st.lists(st.tuples(PEOPLE, DAYS, st.booleans()), min_size=1, max_size=5)


def any_type(document_type: str) -> None:
    """Let a department speak of everything."""


class Written(NamedTuple):
    """How a table and its mapping are written."""

    delimiter: str
    encoding: Encoding
    form: str
    words: tuple[list[str], list[str]]
    has_mark: bool
    is_json: bool


WAYS = st.builds(
    Written,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "gb18030"]),
    st.sampled_from(FORMS),
    st.sampled_from(WORDS),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=200)
@given(COLUMNS, ROWS, WAYS)
def test_every_record_is_read_as_it_was_meant(
    columns: list[str], rows: list[tuple[str, date, bool]], way: Written
) -> None:
    delimiter, encoding, form, words, has_mark, is_json = way
    yes, no = words
    said = {
        "document_type": "vaccination-record",
        "encoding": encoding,
        "delimiter": delimiter,
        "record_id": {"column": columns[0]},
        "holder_index": {"column": columns[1]},
        "sequence": {"column": columns[2]},
        "fields": {
            "child_name": {"column": columns[3]},
            "birth_date": {"column": columns[4], "kind": "date", "form": form},
            "complete": {"column": columns[5], "kind": "yes-no", "yes": yes, "no": no},
        },
    }
    written = json.dumps(said, ensure_ascii=is_json)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    for n, (name, day, complete) in enumerate(rows):
        told = day.strftime(form.replace("年", "\1").replace("月", "\2").replace("日", "\3"))
        told = told.replace("\1", "年").replace("\2", "月").replace("\3", "日")
        writer.writerow([f"r{n}", f"{n:064x}", n + 1, name, told, (yes if complete else no)[-1]])
        writer.writerow([""] * 6)
    content = (("\ufeff" if has_mark else "") + text.getvalue()).encode(encoding)

    seen = look(content, read_mapping(written.encode(), any_type))
    assert seen.mapping is not None
    found = list(csv_rows(LineWindow(content, 0, 0, is_last=True), seen.mapping, len(seen.columns)))
    taken = [lines.named(row.said, seen.columns) for row in found[1:] if isinstance(row.said, list)]
    records = [RecordPublished.model_validate(seen.mapping.data(row, "health")) for row in taken]

    for record in records:
        check_fields(record.document_type, record.fields)
    assert [(record.record_id, record.sequence) for record in records] == [(f"r{n}", n + 1) for n in range(len(rows))]
    assert [tuple(record.fields.values()) for record in records] == [
        (name.strip(), day.isoformat(), complete) for name, day, complete in rows
    ]
