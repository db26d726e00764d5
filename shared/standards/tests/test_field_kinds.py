"""What people may enter in which field."""

from __future__ import annotations

import pytest

from standards.field_kinds import FieldKind, Value, is_of


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        ("text", "李育成", True),
        ("text", "  ", False),
        ("text", 7, False),
        ("date", "2026-02-28", True),
        ("date", "2026-02-29", False),
        ("date", "20260228", False),
        ("names", ["李育成", "陈静"], True),
        ("names", ["李育成", " "], False),
        ("names", "李育成", False),
        ("flag", False, True),
        ("flag", 0, False),
        ("count", 0, True),
        ("count", -1, False),
        ("count", True, False),
        ("key", "9f", False),
    ],
)
def test_a_value_is_of_a_kind_or_not(kind: FieldKind, value: Value, right: bool) -> None:  # noqa: FBT001 - the case
    assert is_of(kind, value) is right
