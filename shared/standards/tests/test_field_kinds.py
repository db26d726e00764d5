"""What fields of each kind hold, and what people may enter."""

from __future__ import annotations

from typing import get_args

import pytest

from standards.field_kinds import RULES, FieldKind, is_enterable, is_of


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
        ("names", [7], False),
        ("flag", False, True),
        ("flag", 0, False),
        ("count", 0, True),
        ("count", -1, False),
        ("count", True, False),
        ("key", "9f" * 32, True),
        ("key", "9F" * 32, False),
        ("key", "440309202002290031", False),
    ],
)
def test_a_value_is_of_a_kind_or_not(kind: FieldKind, value: object, right: bool) -> None:  # noqa: FBT001 - the case
    assert is_of(kind, value) is right


def test_a_key_is_never_entered_by_people() -> None:
    assert not is_enterable("key", "9f" * 32)
    assert is_enterable("flag", False)  # noqa: FBT003 - the value of a field


def test_every_kind_says_what_it_holds() -> None:
    assert set(RULES) == set(get_args(FieldKind))
