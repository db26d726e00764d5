"""The check of costs passes what is linear and notices a square."""

from __future__ import annotations

import re

import pytest

from testkit.growth import assert_linear

_SQUARE = re.compile(r"1+栋")


def test_a_linear_cost_passes() -> None:
    assert_linear(str.lower, "A")


def test_a_square_is_noticed() -> None:
    with pytest.raises(AssertionError, match="1000 characters"):
        assert_linear(_SQUARE.search, "1")
