"""What is wrong with the values of a record."""

from __future__ import annotations

import pytest

from standards.document_types import by_type, enterable_fields, faults_in

RIGHT: dict[str, object] = {
    "child_name": "李小龙",
    "birth_date": "2020-02-29",
    "certificate_number": "T440012345",
    "parents": ["李育成", "王美玲"],
}


def found(values: dict[str, object], document_type: str = "birth-certificate") -> list[tuple[str, str]]:
    return [(fault.reason, fault.field) for fault in faults_in(document_type, values)]


@pytest.mark.parametrize(
    "values",
    [
        RIGHT,
        {name: value for name, value in RIGHT.items() if name != "certificate_number"},
        RIGHT | {"hospital": "龙华区人民医院"},
        RIGHT | {"parents": []},
    ],
)
def test_what_the_rules_allow_is_right(values: dict[str, object]) -> None:
    assert found(values) == []


def test_everything_that_is_wrong_is_found_with_what_belongs_there() -> None:
    wrong = {"child_name": " ", "birth_date": "2021-02-29", "certificate_number": 7}
    assert found(wrong) == [
        ("field-not-text", "child_name"),
        ("field-not-date", "birth_date"),
        ("field-not-text", "certificate_number"),
        ("field-missing", "parents"),
    ]
    assert all(fault.rule for fault in faults_in("birth-certificate", wrong))


def test_an_identity_number_in_clear_joins_no_records() -> None:
    assert found({"number": "440309202002290031", "name": "李", "birth_date": "2020-02-29"}, "id-card") == [
        ("field-not-key", "number")
    ]


def test_a_document_type_that_is_not_named_may_hold_what_it_likes() -> None:
    assert found({"anything": 7}, "fishing-licence") == []


def test_people_enter_every_field_but_those_that_join_records() -> None:
    assert list(enterable_fields("id-card")) == ["name", "birth_date"]
    assert all(enterable_fields(code) for code in by_type())
