from __future__ import annotations

import pytest

from operations.domain.concerned import application_of, concerned, data_of

INDEX, OTHER = "9f" * 32, "3a" * 32


@pytest.mark.parametrize(
    ("data", "people"),
    [
        ({"resident_id": "res_1", "holder_index": INDEX}, [("res_1", INDEX)]),
        ({"holder": {"resident_id": None, "index": INDEX}}, [(None, INDEX)]),
        ({"guardian_id": "res_1", "child_id": "res_2"}, [("res_1", None), ("res_2", None)]),
        (
            {"applicant": {"resident_id": "res_1", "index": INDEX}, "subject": {"resident_id": "res_1"}},
            [("res_1", INDEX)],
        ),
        ({"concerns": [{"resident_id": "res_1", "index": INDEX}, {"index": OTHER}]}, [("res_1", INDEX), (None, OTHER)]),
        (
            {"documents": [{"holder": {"resident_id": "res_1", "index": INDEX}}, {"holder": {"index": OTHER}}]},
            [("res_1", INDEX), (None, OTHER)],
        ),
        ({"resident_id": "../etc", "index": "short", "fields": {"name": "李"}}, []),
        ([1, None, "res_1"], []),
        (None, []),
    ],
)
def test_everybody_whom_a_message_is_about_is_found_once(data: object, people: list[tuple[str, str]]) -> None:
    assert [(person.resident_id, person.index) for person in concerned(data)] == people


def test_the_application_is_found_where_it_is_named() -> None:
    assert application_of(data_of({"data": {"application_id": "app_1"}})) == "app_1"
    strange: list[object] = [{"data": {"application_id": 7}}, [], "x", None]
    assert [application_of(data_of(each)) for each in strange] == [None] * 4
