"""Mappings: each works, or is refused with everything that is wrong with it, in words of both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from credential_store.domain.column_map import ColumnSource, LineError, Mapping, column_key
from credential_store.domain.first_look import look
from credential_store.domain.mapping_faults import read_mapping
from local_stack.layout import ROOT
from runtime.errors import NotAllowed, Refusal, Refusals
from runtime.texts import LANGUAGES, Texts

DATA = Path(__file__).parent / "data"
PAGES = [ROOT / "services" / "credential-store" / "README.md", ROOT / "docs" / "departments.md"]
TEXTS = Texts.of("runtime", "credential_store")
RIGHT = """
document_type: vaccination-record
record_id: {column: 编号}
holder_index: {column: 持有人索引}
sequence: {column: 变更次数}
fields:
  child_name: {column: 姓名}
  birth_date: {column: 出生日期, kind: date, form: "%Y/%m/%d"}
  complete: {column: 全程接种, kind: yes-no}
"""
TYPES_OF_FAULTS = r"(string|int|dict|model|tuple|literal|value)_(type|error)"
VALIDATORS = re.compile(rf"Input should|valid string|{TYPES_OF_FAULTS}|pydantic|yaml\.|while (parsing|scanning)")


def any_type(document_type: str) -> None:
    """Let a department speak of everything."""


def faults(written: str | bytes) -> list[tuple[str, str | None]]:
    """Return everything that is wrong with a mapping, after seeing that it can be told in both languages."""
    try:
        read_mapping(written.encode() if isinstance(written, str) else written, any_type)
    except Refusal as error:
        found = error.refusals if isinstance(error, Refusals) else (error,)
        for fault in found:
            for language in LANGUAGES:
                for part in ("title", "detail", "action"):
                    text = TEXTS.say(language, f"problems.{fault.code}.{part}", **fault.params)
                    assert not VALIDATORS.search(text), text
        return [(fault.code, fault.field) for fault in found]
    return []


def changed(old: str, new: str) -> str:
    assert old in RIGHT
    return RIGHT.replace(old, new)


@pytest.mark.parametrize("name", ["mapping", "mapping-yes-no", "mapping-words-TRUE", "mapping-constant-day"])
def test_a_mapping_is_read_by_the_rules_of_yaml_1_2(name: str) -> None:
    mapping = read_mapping((DATA / f"{name}.yaml").read_bytes(), any_type)
    complete = mapping.fields["complete"]
    assert isinstance(complete, ColumnSource)
    if name == "mapping-yes-no":
        assert (complete.yes, complete.no) == (("是",), ("否",))
    if name == "mapping-words-TRUE":
        assert (complete.yes, complete.no) == (("TRUE",), ("FALSE",))
    row = {"编号": "v", "持有人索引": "9f" * 32, "变更次数": "1", "姓名": "李", "出生日期": "2020/02/29"}
    data = mapping.data({**row, "全程接种": "TRUE" if name == "mapping-words-TRUE" else "是"}, "health")
    assert data["valid_from"] == ("2026-01-05" if name == "mapping-constant-day" else None)


def mappings_of_the_pages() -> Iterator[str]:
    for page in PAGES:
        yield from re.findall(r"```yaml\n(document_type.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    yield (ROOT / "docs" / "examples" / "vaccinations.mapping.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("written", [*mappings_of_the_pages()])
def test_every_mapping_that_is_printed_is_taken(written: str) -> None:
    assert faults(written) == []


@pytest.mark.parametrize(
    "file", ["header-line-break.csv", "excel-true-false.csv", "blank-rows-of-commas.csv", "date-without-year.csv"]
)
def test_the_files_fit_the_mapping(file: str) -> None:
    mapping = read_mapping((DATA / "mapping.yaml").read_bytes(), any_type)
    assert set(look((DATA / file).read_bytes(), mapping).columns) >= set(mapping.columns)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((DATA / "mapping-form-without-year.yaml").read_bytes(), "mapping-form-no-year mapping/fields/birth_date/form"),
        ((DATA / "mapping-gb18030.yaml").read_bytes(), "mapping-encoding mapping"),
        (RIGHT.encode("utf-16"), "mapping-encoding mapping"),
        (b"\x84\x31\x95\x33" + RIGHT.encode("gb18030"), "mapping-encoding mapping"),
        (b"", "mapping-empty mapping"),
        (b"text", "mapping-no-object mapping"),
        (b"[" * 60_000, "mapping-too-deep mapping"),
        (b'{"a":' * 12_000, "mapping-too-deep mapping"),
        (b"x" * 70_000, "mapping-too-large mapping"),
        (b"a: b: c", "mapping-not-yaml mapping"),
        (b"a:\n\t- b", "mapping-not-yaml mapping"),
        (b'a: "b', "mapping-not-yaml mapping"),
        (b'a: "\\UFFFFFFFF"', "mapping-not-yaml mapping"),
        (b"a: \x00", "mapping-not-yaml mapping"),
        (b"--- a\n--- b", "mapping-not-yaml mapping"),
    ],
)
def test_what_can_not_be_read_is_told_as_that(written: bytes, expected: str) -> None:
    assert [f"{code} {field}" for code, field in faults(written)] == [expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("document_type: vaccination-record\n", "", "mapping-part-missing mapping/document_type"),
        ("record_id: {column: 编号}\n", "", "mapping-part-missing mapping/record_id"),
        ("{column: 编号}", "{colum: 编号}", "mapping-part-missing mapping/record_id/column"),
        ("{column: 编号}", "{column: 编号, value: 1}", "mapping-part-unknown mapping/record_id/value"),
        ("{column: 编号}", "编号", "mapping-no-column mapping/record_id"),
        ("{column: 编号}", '{column: ""}', "mapping-text mapping/record_id/column"),
        ("{column: 编号}", "{column: }", "mapping-text mapping/record_id/column"),
        ("{column: 编号}", "{column: 编号, column: 号}", "mapping-twice mapping"),
        ("{column: 编号}", "&a {column: 编号}\nreason: *a", "mapping-alias mapping"),
        ("{column: 编号}", "!!python/name:os.system {column: 编号}", "mapping-tag mapping"),
        ("{column: 编号}", '{column: "\\ud800"}', "mapping-no-text mapping"),
        ("{column: 编号}", "{column: 编号, kind: yes-no}", "mapping-kind mapping/record_id/kind"),
        ("{column: 变更次数}", "{column: 变更次数, kind: date}", "mapping-kind mapping/sequence/kind"),
        ("{column: 变更次数}", "{value: 0}", "mapping-constant-sequence mapping/sequence"),
        ("{column: 变更次数}", '{value: "1"}', "mapping-constant-sequence mapping/sequence"),
        ("{column: 变更次数}", "{value: 1.5}", "mapping-constant-sequence mapping/sequence"),
        ("{column: 持有人索引}", "{value: 440309202002290031}", "mapping-constant-index mapping/holder_index"),
        ("{column: 姓名}", "{column: 姓名, empty: maybe}", "mapping-choice mapping/fields/child_name/empty"),
        ("{column: 姓名}", "{column: 姓名, kind: number}", "mapping-choice mapping/fields/child_name/kind"),
        ("{column: 姓名}", "{column: 姓名, kind: list}", "mapping-kind mapping/fields/child_name/kind"),
        ("{column: 姓名}", "{value: [李]}", "mapping-constant-text mapping/fields/child_name"),
        ("{column: 姓名}", "{value: {a: b}}", "mapping-value mapping/fields/child_name/value"),
        ("kind: yes-no", "kind: text", "mapping-kind mapping/fields/complete/kind"),
        ("kind: yes-no", "kind: yes-no, yes: []", "mapping-words mapping/fields/complete/yes"),
        ("kind: yes-no", "kind: yes-no, yes: [有], no: [无, 有]", "mapping-words-common mapping/fields/complete/yes"),
        ("kind: yes-no", "kind: yes-no, yes: false", "mapping-words-common mapping/fields/complete/yes"),
        ('"%Y/%m/%d"', '"%y/%m/%d"', "mapping-form-two-digits mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', '"%Y/%m"', "mapping-form-no-day mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', '"%d/%Y"', "mapping-form-no-day mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', '"%Y/%m/%d %Y"', "mapping-form-unknown mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', '"%x %Y %m %d"', "mapping-form-unknown mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', '"%Y-%m-%d %"', "mapping-form-unknown mapping/fields/birth_date/form"),
        ('"%Y/%m/%d"', "YYYY-MM-DD", "mapping-form-no-year mapping/fields/birth_date/form"),
        ("  child_name: {column: 姓名}\n", "", "mapping-field-missing mapping/fields/child_name"),
        ("  child_name:", "  a.b: {column: x}\n  child_name:", "mapping-field-name mapping/fields/a.b"),
        ("  child_name:", "  $set: {column: x}\n  child_name:", "mapping-field-name mapping/fields/$set"),
        ("fields:", "encoding: latin-1\nfields:", "mapping-choice mapping/encoding"),
        ("fields:", 'delimiter: ""\nfields:', "mapping-delimiter mapping/delimiter"),
        ("fields:", "delimiter: '\"'\nfields:", "mapping-delimiter mapping/delimiter"),
        ("fields:", 'delimiter: "\\n"\nfields:', "mapping-delimiter mapping/delimiter"),
        ("fields:", "valid_from: {value: 2026-02-30}\nfields:", "mapping-constant-date mapping/valid_from"),
        ("fields:", "valid_from: {value: yes}\nfields:", "mapping-constant-date mapping/valid_from"),
        ("fields:", "reason: {value: x}\nfields:", "mapping-reason-needless mapping/reason"),
        ("fields:", "? [a]\n: b\nfields:", "mapping-key mapping"),
    ],
)
def test_each_fault_is_told_with_its_place(old: str, new: str, expected: str) -> None:
    assert expected in [f"{code} {field}" for code, field in faults(changed(old, new))]


def test_all_faults_are_told_at_once() -> None:
    written = """
    document_typ: vaccination-record
    encoding: latin-1
    record_id: 编号
    holder_index: {column: 持有人索引, kind: date}
    sequence: {value: none}
    fields:
      child_name: {column: 姓名, kind: words}
      birth_date: {column: 出生日期, kind: date, form: "%m/%d"}
      complete: {column: 全程接种, kind: yes-no, yes: [是], no: [是]}
    """
    assert set(faults(written)) == {
        ("mapping-part-unknown", "mapping/document_typ"),
        ("mapping-part-missing", "mapping/document_type"),
        ("mapping-choice", "mapping/encoding"),
        ("mapping-no-column", "mapping/record_id"),
        ("mapping-kind", "mapping/holder_index/kind"),
        ("mapping-constant-sequence", "mapping/sequence"),
        ("mapping-choice", "mapping/fields/child_name/kind"),
        ("mapping-form-no-year", "mapping/fields/birth_date/form"),
        ("mapping-words-common", "mapping/fields/complete/yes"),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fields:", "encoding: GBK\nfields:"),
        ("fields:", "delimiter: tab\nfields:"),
        ("fields:", 'delimiter: "\\t"\nfields:'),
        ("fields:", "delimiter: ;\nfields:"),
        ("fields:", "valid_from:\nvalid_until: ~\nfields:"),
        ("{column: 变更次数}", "{value: 1}"),
        ("{column: 姓名}", "{column: 2024}"),
        ("{column: 姓名}", "{column: yes}"),
        ("{column: 姓名}", "{value: no}"),
        ("{column: 姓名}", '{value: "007"}'),
        ("{column: 姓名}", "{value: 007}"),
        ("kind: yes-no", "kind: yes-no, yes: on, no: off"),
        ("kind: yes-no", "kind: yes-no, yes: [1], no: [0]"),
        ("kind: yes-no", "kind: yes-no, yes: √, no: ×"),
        ('"%Y/%m/%d"', '"%Y年%m月%d日"'),
        ('"%Y/%m/%d"', '"%Y%m%d"'),
        ('"%Y/%m/%d"', '"%Y-%m-%dT%H:%M:%S%z"'),
        ('"%Y/%m/%d"', '"%d.%m.%Y"'),
    ],
)
def test_what_means_something_else_in_yaml_1_1_or_is_called_otherwise_is_taken(old: str, new: str) -> None:
    assert faults(changed(old, new)) == []


def test_documents_of_others_are_told_at_once_and_unknown_ones_with_the_rest() -> None:
    def nobodys(document_type: str) -> None:
        raise Refusal("document-type-unknown", field="mapping/document_type", document_type=document_type)

    def anothers(document_type: str) -> None:
        raise NotAllowed("document-type-not-kept", field="mapping/document_type", document_type=document_type)

    written = changed("kind: yes-no", "kind: text").encode()
    with pytest.raises(NotAllowed):
        read_mapping(written, anothers)
    with pytest.raises(Refusals) as caught:
        read_mapping(written, nobodys)
    assert [fault.code for fault in caught.value.refusals] == ["mapping-kind", "document-type-unknown"]


def test_json_is_taken_and_its_doubled_names_are_not() -> None:
    data = yaml.load(RIGHT, Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    assert faults(orjson.dumps(data)) == []
    data["fields"]["complete"] |= {"yes": [True, 1], "no": [False, 0]}
    assert faults(orjson.dumps(data, option=orjson.OPT_INDENT_2).replace(b"  ", b"\t")) == []
    assert faults(b'{"says": "x", "says": "published"}')[0] == ("mapping-twice", "mapping")


NAMES = st.sampled_from(
    [*Mapping.model_fields, *ColumnSource.model_fields, "value", "child_name", "birth_date", "complete"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["vaccination-record", "date", "yes-no", "%Y-%m-%d", "%d", "published", "withdrawn", "是"])
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6))


@settings(max_examples=150)
@given(st.dictionaries(NAMES, TREES, max_size=9))
def test_any_tree_of_data_is_a_mapping_or_is_refused_in_words(data: dict[str, object]) -> None:
    faults(yaml.safe_dump(data, allow_unicode=True))
    faults(json.dumps(data))


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_a_mapping_or_are_refused_in_words(written: bytes) -> None:
    assert faults(written)


@settings(max_examples=300)
@given(st.integers(0, len(RIGHT.encode())), st.integers(0, 12), st.text(max_size=4))
def test_a_damaged_mapping_works_or_is_refused_in_words(at: int, length: int, instead: str) -> None:
    content = RIGHT.encode()
    damaged = content[:at] + instead.encode(errors="replace") + content[at + length :]
    if not faults(damaged):
        mapping = read_mapping(damaged, any_type)
        row = {column_key(name): "1" for name in mapping.columns}
        with suppress(LineError):
            mapping.data(row, "health")


PIECES = ["%Y", "%m", "%d", "%y", "%H", "%j", "%", "%%", "%Z", "%b", "-", "/", "年", "x"]
FORMS = st.lists(st.sampled_from(PIECES), max_size=7)


@given(FORMS.map("".join), st.text(max_size=12))
def test_a_form_of_dates_works_or_is_refused_and_no_date_stops_the_work(form: str, written: str) -> None:
    found = faults(changed('"%Y/%m/%d"', orjson.dumps(form).decode()))
    assert all(code.startswith("mapping-form") for code, _ in found)
    column = ColumnSource(column="c", kind="date", form=form)
    for text in (written, "19871123", "1987-11-23"):
        with suppress(LineError):
            day = column.read({"c": text}, "/x")
            assert day is None or str(date.fromisoformat(str(day))) == day
