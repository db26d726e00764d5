from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from standards.disclosure import SMALLEST_GROUP, may_tell_percentile, rounded, share

COUNTS = st.integers(0, 10_000)


@given(COUNTS, st.integers(0, SMALLEST_GROUP - 1))
def test_a_small_group_is_told_like_none(count: int, small: int) -> None:
    assert rounded(small) == 0
    assert rounded(count) <= count < rounded(count) + SMALLEST_GROUP


@given(COUNTS, COUNTS)
def test_the_difference_of_two_answers_is_never_a_small_group(first: int, second: int) -> None:
    assert abs(rounded(first + second) - rounded(first)) not in range(1, SMALLEST_GROUP)


@given(COUNTS, COUNTS)
def test_a_share_is_between_none_and_all_and_only_of_a_group(part: int, rest: int) -> None:
    told = share(part, part + rest)
    assert (told is None) == (part + rest < SMALLEST_GROUP)
    assert told is None or 0 <= told <= 1


def test_a_percentile_needs_five_beyond_it() -> None:
    assert [n for n in (9, 10) if may_tell_percentile(n, 0.5)] == [10]
    assert [n for n in (99, 100) if may_tell_percentile(n, 0.95)] == [100]
    assert [n for n in (499, 500) if may_tell_percentile(n, 0.99)] == [500]
