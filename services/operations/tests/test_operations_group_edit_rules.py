"""One edit for many messages: the same is done to each, only where it fits, and nothing is guessed."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.group_edit import CONVERSIONS, FieldChange, MisfitError, changes_between, rewritten
from services.operations.tests.test_operations_edit_rules import JSON

EVENT: dict[str, Any] = {"id": "e1", "data": {"number": "7", "kind": "old", "note": "x", "lines": [{"amount": "1"}]}}
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def changed(**data: Any) -> tuple[FieldChange, ...]:  # noqa: ANN401 - any value
    """Return the changes of an edit of the example; None takes a field out."""
    edited = copy.deepcopy(EVENT)
    edited["data"] = {name: value for name, value in (edited["data"] | data).items() if value is not None}
    return changes_between(EVENT, edited)


def done_to(changes: tuple[FieldChange, ...], **data: Any) -> Any:  # noqa: ANN401 - any value
    """Do the same to another message; return its data, or why not and where."""
    other = {"id": "e2", "data": EVENT["data"] | data}
    try:
        return rewritten(orjson.dumps(other), changes, "e3")["data"]
    except MisfitError as misfit:
        return misfit.why, misfit.field


@given(OBJECTS, OBJECTS)
def test_done_to_the_example_itself_it_is_the_edit(original: dict[str, Any], edited: dict[str, Any]) -> None:
    before: dict[str, object] = {"id": "e1", "data": original}
    after: dict[str, object] = {"id": "e1", "data": edited}
    expected = orjson.loads(orjson.dumps({**after, "id": "e3", "replaces": "e1"}))
    assert rewritten(orjson.dumps(before), changes_between(before, after), "e3") == expected


@given(st.text(max_size=6) | INTEGERS | st.none() | st.booleans() | st.lists(INTEGERS, max_size=2))
def test_a_value_is_replaced_only_where_it_was_the_examples(value: object) -> None:
    told = done_to(changed(kind="new"), kind=value)
    assert told == (EVENT["data"] | {"kind": "new"} if value == "old" else ("value-differs", "/data/kind"))


@given(st.integers(-(10**17), 10**17))
def test_of_a_text_that_became_a_number_each_message_keeps_its_own(number: int) -> None:
    assert done_to(changed(number=7), number=str(number))["number"] == number


@pytest.mark.parametrize("value", ["seven", "", "7.5", "9" * 4_400, "٧", None, True, ["7"], 7])
def test_what_is_no_such_text_is_left(value: object) -> None:
    assert done_to(changed(number=7), number=value) == ("value-differs", "/data/number")


def test_a_field_is_renamed_with_its_own_value_and_never_over_another() -> None:
    edited = copy.deepcopy(EVENT)
    edited["data"]["remark"] = edited["data"].pop("note")
    changes = changes_between(EVENT, edited)
    assert [(each.operation, each.path, each.to) for each in changes] == [("rename", "/data/note", "/data/remark")]
    assert done_to(changes, note="mine")["remark"] == "mine"
    assert done_to(changes, remark="there") == ("field-present", "/data/remark")


def test_what_is_added_was_not_there_and_what_goes_was() -> None:
    added, removed = changed(extra=1), changed(kind=None)
    assert done_to(added) == EVENT["data"] | {"extra": 1}
    assert done_to(added, extra=2) == ("field-present", "/data/extra")
    assert "kind" not in done_to(removed, kind="whatever")
    other = rewritten(orjson.dumps({"id": "e2", "data": {"kind": 1}}), removed, "e3")
    assert other == {"id": "e3", "replaces": "e2", "data": {}}


def test_a_place_within_a_list_or_another_object_is_found_or_the_message_is_left() -> None:
    edited = copy.deepcopy(EVENT)
    edited["data"]["lines"][0]["amount"] = 1
    changes = changes_between(EVENT, edited)
    assert done_to(changes, lines=[{"amount": "30"}])["lines"] == [{"amount": 30}]
    others: list[object] = [[], {}, "text", [5], [{"sum": "1"}]]
    for lines in others:
        assert done_to(changes, lines=lines) == ("field-missing", "/data/lines/0/amount")


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'"text"', b"\xff"])
def test_what_is_no_event_is_left(body: bytes) -> None:
    with pytest.raises(MisfitError, match="no-event"):
        rewritten(body, changed(kind="new"), "e3")


@given(JSON)
def test_every_conversion_takes_any_value_and_never_changes_what_it_is_given(value: object) -> None:
    before = copy.deepcopy(value)
    for convert in CONVERSIONS.values():
        convert(value)
    assert value == before
