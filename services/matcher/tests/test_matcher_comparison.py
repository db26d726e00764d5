from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import comparison
from matcher.domain.comparison import HeldValues, by_itself, months_before
from matcher.domain.evidence import Value
from matcher.domain.rules import FieldRule
from testkit.growth import assert_linear

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("kind", "claimed", "held", "result", "reason"),
    [
        ("exact", "Ｐ440123456 ", "P440123456", "equal", None),
        ("exact", "P440123456", "p 440-123456", "close", "writing-differs"),
        ("exact", "P440123456", "P440123465", "close", "one-character-differs"),
        ("exact", "P440123456", "P44012345", "close", "one-character-differs"),
        ("exact", "P440123456", "P990123456", "different", "value-differs"),
        ("exact", True, "true", "equal", None),
        ("exact", True, False, "different", "value-differs"),
        ("exact", 2400, "2400", "equal", None),
        ("name", "李育成", "李 育 成", "equal", None),
        ("name", "陳國華", "陈国华", "equal", None),
        ("name", "阿依古丽·买买提", "阿依古丽买买提", "equal", None),
        ("name", "阿依古丽•买买提", "阿依古丽·買買提", "equal", None),
        ("name", "SMITH JOHN", "Ｓｍｉｔｈ　Ｊｏｈｎ", "equal", None),
        ("name", "李育成", "李育诚", "close", "one-character-differs"),
        ("name", "李育成", "育李成", "close", "one-character-differs"),
        ("name", "李四", "李五", "different", "name-differs"),
        ("name", "李乾", "李干", "close", "name-characters-kept-apart"),
        ("name", "於海", "于海", "close", "name-characters-kept-apart"),
        ("name", "范冰", "範冰", "equal", None),
        ("name", "葉問", "叶问", "equal", None),
        ("name", "李乾坤", "李干神", "close", "one-character-differs"),
        ("name", "李丽", "李丽\0\0", "equal", None),
        ("name", "深圳市龙岗物业(2014)有限公司", "深圳市龙岗物业（2014）有限公司", "equal", None),
        ("name", "李*成", "李*成", "close", "name-unreadable"),
        ("name", "不详", "不詳", "close", "name-unreadable"),
        ("name", "张某", "张某", "close", "name-unreadable"),
        ("name", "NULL", "null", "close", "name-unreadable"),
        ("exact", "无", "无", "close", "says-nothing"),
        ("exact", "-", "-", "close", "says-nothing"),
        ("exact", "N/A", "N/A", "close", "says-nothing"),
        ("exact", "6222****1234", "6222****1234", "close", "says-nothing"),
        ("exact", "0", "0", "equal", None),
        ("name", "？？", "??", "close", "name-unreadable"),
        ("name", "···", "-", "different", "name-differs"),
        ("name", "...", "···", "close", "name-unreadable"),
        ("exact", "P440123456", "\ufeffP440123456\0", "equal", None),
        ("name", "李育成", "王晓东", "different", "name-differs"),
        ("date", "2020-02-03", "2020-02-03", "equal", None),
        ("date", "２０２０-02-03", "2020-02-03T00:00:00", "equal", None),
        ("date", "2020-02-03", "2020-03-02", "close", "day-month-swapped"),
        ("date", "2020-02-03", "2019-02-03", "close", "year-differs"),
        ("date", "2020-02-03", "2020-02-04", "different", "date-differs"),
        ("date", "2020-02-03", "2020-02-03或04", "different", "not-a-date"),
        ("date", "2020-02-03", "2020-W06-1", "different", "not-a-date"),
        ("date", "2020-02-30", "2020-02-28", "different", "not-a-date"),
        ("address", "民治街道梅陇镇花园三棟1201", "深圳市龙华区民治街道梅陇镇花园3栋1201室", "equal", None),
        ("address", "民治街道梅陇镇花园3栋1201", "民治街道梅陇镇花园4栋1201", "different", "building-differs"),
        ("address", "民治街道梅陇镇花园3栋1201", "民治街道梅陇镇花园3栋", "close", "unit-missing"),
        ("names", ["王芳"], ["李育成", "王 芳"], "equal", None),
        ("names", ["李育成", "王芳"], ["王芳", "李育成"], "equal", None),
        ("names", "王芳", ["李育成", "王芳"], "equal", None),
        ("names", ["李育诚", "王芳"], ["李育成", "王芳"], "close", "one-character-differs"),
        ("names", ["李乾", "王芳"], ["王芳", "李干"], "close", "name-characters-kept-apart"),
        ("names", [], ["李育成", "王芳"], "missing", "not-claimed"),
        ("names", ["不详"], ["李育成", "不详"], "close", "name-unreadable"),
        ("names", ["赵六"], ["李育成", "王芳"], "different", "not-among-them"),
        ("at-least", 12, 12, "equal", None),
        ("at-least", 12, "14", "equal", None),
        ("at-least", 12, 11, "different", "too-few"),
        ("at-least", 12, "1_2", "different", "not-a-number"),
        ("at-least", "一年", 11, "different", "not-a-number"),
    ],
)
def test_a_claim_is_compared_with_what_is_held(
    kind: str, claimed: Value, held: Value, result: str, reason: str | None
) -> None:
    found = comparison.BY_CLAIM[kind](claimed, held)
    assert (found.result, found.reason) == (result, reason)


_TERM = FieldRule(kind="covers-today", claim="none", begins="term_from")
_PHOTO = FieldRule(kind="recent", claim="none", months=24)
_COMPLETE = FieldRule(kind="exact", claim="none", expected=True)
_PRESENT = FieldRule(kind="present", claim="none")


@pytest.mark.parametrize(
    ("rule", "field", "fields", "result", "reason"),
    [
        (_TERM, "term_to", {"term_from": "2026-01-01", "term_to": "2026-11-23"}, "equal", None),
        (_TERM, "term_to", {"term_from": "2026-11-23", "term_to": "2027-11-22"}, "equal", None),
        (_TERM, "term_to", {"term_from": "2025-01-01", "term_to": "2026-11-22"}, "expired", "term-ended"),
        (_TERM, "term_to", {"term_from": "2026-11-24", "term_to": "2027-11-22"}, "different", "term-not-begun"),
        (_TERM, "term_to", {"term_from": "2026-01-01"}, "equal", None),
        (_TERM, "term_to", {}, "missing", "not-held"),
        (_TERM, "term_to", {"term_from": "2020-01-01", "term_to": "2021年1月1日"}, "different", "not-a-date"),
        (_TERM, "term_to", {"term_from": "长期", "term_to": "2027-01-01"}, "different", "not-a-date"),
        (_PHOTO, "taken_on", {"taken_on": "2024-11-23"}, "equal", None),
        (_PHOTO, "taken_on", {"taken_on": "2024-11-22"}, "expired", "too-old"),
        (_PHOTO, "taken_on", {"taken_on": "2026-11-24"}, "different", "in-the-future"),
        (_PHOTO, "taken_on", {}, "missing", "not-held"),
        (_COMPLETE, "complete", {"complete": True}, "equal", None),
        (_COMPLETE, "complete", {"complete": False}, "different", "value-differs"),
        (_COMPLETE, "complete", {}, "missing", "not-held"),
        (_PRESENT, "present", {"present": True}, "equal", None),
        (_PRESENT, "present", {}, "equal", None),
        (_PRESENT, "present", {"present": False}, "missing", "not-held"),
    ],
)
def test_some_fields_are_judged_by_themselves(
    rule: FieldRule, field: str, fields: dict[str, Value], result: str, reason: str | None
) -> None:
    found = by_itself(rule, field, HeldValues(fields, begun=None, vouched=False), TODAY)
    assert (found.result, found.reason) == (result, reason)


def test_what_people_approved_counts_from_the_day_of_approval_where_it_says_no_more() -> None:
    approved = HeldValues({}, begun=date(2026, 6, 1), vouched=True)
    assert by_itself(_PHOTO, "taken_on", approved, TODAY).result == "equal"
    assert by_itself(_TERM, "term_to", approved, TODAY).result == "equal"
    assert by_itself(_COMPLETE, "complete", approved, TODAY).result == "equal"


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2026, 11, 23), 24, date(2024, 11, 23)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 31), 2, date(2025, 11, 30)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, earlier: date) -> None:
    assert months_before(day, months) == earlier


_names = st.text(alphabet="李王陳陈國国华華·• 　阿依", min_size=0, max_size=6)


@given(_names, _names)
def test_names_compare_the_same_from_either_side(one: str, other: str) -> None:
    assert comparison.name(one, other) == comparison.name(other, one)


@given(st.dates(), st.dates())
def test_dates_compare_the_same_from_either_side(one: date, other: date) -> None:
    assert comparison.day(str(one), str(other)) == comparison.day(str(other), str(one))


@pytest.mark.parametrize("kind", comparison.BY_CLAIM)
@pytest.mark.parametrize(
    "piece", ["1", "一", "李", "李·", "1-", "1栋", "2020-02-03", "無", "（", "é", "\u200b"], ids=ascii
)
def test_the_cost_of_comparing_grows_with_the_length_of_the_texts(kind: str, piece: str) -> None:
    compare = comparison.BY_CLAIM[kind]
    assert_linear(lambda text: compare(text, text[1:]), piece)
