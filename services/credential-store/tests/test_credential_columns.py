"""The values of a row: what its columns say, and what they can't say any more."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credential_rows import KEYED, MAPPING, ROW, WITH_NUMBER
from credential_store.domain.column_map import ColumnSource, LineError


def test_a_row_becomes_the_data_of_an_event() -> None:
    assert MAPPING.data(ROW, "health") == {
        "department": "health",
        "document_type": "vaccination-record",
        "record_id": "v1",
        "holder_index": "ab" * 32,
        "sequence": 1,
        "fields": {
            "child_name": "李小华",
            "birth_date": "2020-02-29",
            "complete": True,
            "doses": 3,
            "makers": ["甲", "乙"],
        },
        "valid_from": "2026-01-05",
        "valid_until": None,
    }


@pytest.mark.parametrize(
    ("column", "written", "reason", "path"),
    [
        ("编号", " ", "value-missing", "/data/record_id"),
        ("出生日期", "2020-02-29", "not-a-date", "/data/fields/birth_date"),
        ("出生日期", "2021/02/29", "not-a-date", "/data/fields/birth_date"),
        ("全程", "也许", "not-yes-or-no", "/data/fields/complete"),
        ("针数", "三", "not-a-whole-number", "/data/fields/doses"),
        ("针数", "１", "not-a-whole-number", "/data/fields/doses"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_named_by_path_and_column_but_not_repeated(
    column: str, written: str, reason: str, path: str
) -> None:
    with pytest.raises(LineError) as caught:
        MAPPING.data({**ROW, column: written}, "health")
    assert (caught.value.reason, caught.value.path) == (reason, path)
    assert caught.value.params["column"] == column
    assert written.strip() == "" or written not in str(caught.value.params)


SPOILT = [
    ("4.40309E+17", "scientific"),
    ("4.40309E17", "scientific"),
    ("4E+05", "scientific"),
    ("'440309202002290031", "apostrophe"),
    ('="00123"', "formula"),
    ('="vac"&1', "formula"),
    ("123.0", "decimal"),
    ("440,309.00", "decimal"),
    ("#N/A", "error"),
    ("#REF!", "error"),
    ("########", "error"),
    ("#name?", "error"),
    ("4.40309Ｅ+17", "scientific"),
    ("\u2018440309", "apostrophe"),
    ("\u2019440309", "apostrophe"),
    ("=0012", "formula"),
    ("=A1+1", "formula"),
    ("440309202002290000", "digits"),
    ("4403092020022900000", "digits"),
    ("1月2日", "day"),
    ("2-Jan", "day"),
    ("Jan-23", "day"),
]


@pytest.mark.parametrize(("written", "how"), SPOILT)
@pytest.mark.parametrize("column", ["编号", "索引", "证号", "针数"])
def test_what_a_spreadsheet_has_spoilt_is_refused_as_that(column: str, written: str, how: str) -> None:
    with pytest.raises(LineError) as caught:
        WITH_NUMBER.data(KEYED | {column: written}, "health")
    assert caught.value.reason == "spoilt-by-spreadsheet"
    assert caught.value.params == {"column": column, "spoilt": how}


@pytest.mark.parametrize(
    "written",
    ["440309202002290031", "440309202002290100", "123456789012000", "000000202002290000", "JAN-23", "Jan-234"],
)
def test_an_id_that_only_looks_spoilt_is_kept(written: str) -> None:
    assert WITH_NUMBER.data(KEYED | {"编号": written}, "health")["record_id"] == written


@pytest.mark.parametrize("written", ["43890", "43890.5", "4.4E+4", "'2020/02/29"])
def test_the_serial_number_of_a_day_is_no_date(written: str) -> None:
    as_text = MAPPING.model_copy(update={"fields": {**MAPPING.fields, "birth_date": ColumnSource(column="出生日期")}})
    for mapping in (MAPPING, as_text):
        with pytest.raises(LineError) as caught:
            mapping.data(KEYED | {"出生日期": written}, "health")
        assert (caught.value.reason, caught.value.path) == ("spoilt-by-spreadsheet", "/data/fields/birth_date")


@given(
    st.fixed_dictionaries(
        {name: st.text(max_size=12) | st.sampled_from([value, "9" * 30]) for name, value in ROW.items()}
    )
)
def test_no_values_whatever_stop_the_work(row: dict[str, str]) -> None:
    with suppress(LineError):
        data = MAPPING.data({**ROW, **row}, "health")
        assert orjson.dumps(data)


@pytest.mark.parametrize("name", ["'t Hooft", "3.0", "李=小华", "E+5", "#1"])
def test_a_name_that_only_looks_spoilt_is_kept(name: str) -> None:
    assert MAPPING.data(KEYED | {"姓名": name}, "health")["fields"]["child_name"] == name  # type: ignore[index] # a dict


@pytest.mark.parametrize("written", ["9" * 19, "9" * 5000, "１", "-", "", "1 2"])
def test_a_sequence_that_is_no_whole_number_is_refused_and_stops_nothing(written: str) -> None:
    mapping = MAPPING.model_copy(update={"sequence": ColumnSource(column="序号")})
    if written == "9" * 19:
        assert mapping.data(KEYED | {"序号": written}, "health")["sequence"] == int(written)
        return
    with pytest.raises(LineError) as caught:
        mapping.data(KEYED | {"序号": written}, "health")
    assert caught.value.path == "/data/sequence"


@pytest.mark.parametrize("word", ["TRUE", "True", "true", "ＴＲＵＥ", "是", "y", "YES"])
def test_the_words_for_yes_are_known_in_any_case_and_width(word: str) -> None:
    assert MAPPING.data(KEYED | {"全程": word}, "health")["fields"]["complete"] is True  # type: ignore[index] # a dict
