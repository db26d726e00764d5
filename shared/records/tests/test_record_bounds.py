"""What systems outside send is within bounds, and they are told the bound: whatever the date, whatever the length."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from bus.envelope import BrokenMessageError
from records import checks, parts
from standards.bounds import LONGEST_NAME, LONGEST_TEXT, MOST_FIELDS, MOST_TEXTS
from standards.moments import FIRST_DAY, LAST_DAY


class Term(BaseModel):
    day: parts.Day | None


FIELDS: TypeAdapter[parts.Fields] = TypeAdapter(parts.Fields)


@given(st.dates())
def test_a_day_is_taken_within_its_bounds_and_refused_with_them_outside(day: date) -> None:
    if FIRST_DAY <= day <= LAST_DAY:
        assert Term.model_validate({"day": day.isoformat()}).day == day
        return
    with pytest.raises(ValidationError, match="from 1850-01-01 to 2199-12-31"):
        Term.model_validate({"day": day.isoformat()})


@given(st.none() | st.dates(), st.none() | st.dates())
def test_a_term_never_ends_before_it_begins(begins: date | None, ends: date | None) -> None:
    if begins is None or ends is None or begins <= ends:
        checks.check_term(begins, ends)
        return
    with pytest.raises(BrokenMessageError) as raised:
        checks.check_term(begins, ends)
    assert (raised.value.reason, raised.value.path) == ("term-reversed", "/data/valid_until")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("九" * (LONGEST_TEXT + 1), "at most 500 characters, not 501"),
        ("1" * 150_000, "at most 500 characters, not 150000"),
        (["李"] * (MOST_TEXTS + 1), "at most 50 entries, not 51"),
        (["李", "王" * (LONGEST_NAME + 1)], "at most 200 characters, not 201"),
    ],
)
def test_a_value_that_is_too_long_is_refused_with_its_length_and_the_bound(value: object, rule: str) -> None:
    with pytest.raises(ValidationError) as raised:
        FIELDS.validate_python({"address": value})

    [fault] = raised.value.errors()
    assert (fault["loc"], fault["msg"]) == (("address",), rule)


def test_a_record_has_no_more_fields_than_a_document_can_have() -> None:
    with pytest.raises(ValidationError, match="at most 50"):
        FIELDS.validate_python({f"field_{number}": "x" for number in range(MOST_FIELDS + 1)})


def test_a_declared_field_that_is_too_long_is_named_with_its_length() -> None:
    with pytest.raises(BrokenMessageError) as raised:
        checks.check_fields("bank-account", {"name": "李" * 501})

    assert (raised.value.reason, raised.value.path) == ("field-too-long", "/data/fields/name")
    assert raised.value.rule == "at most 500, not 501"
