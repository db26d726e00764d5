from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.disclosure import SMALLEST_GROUP, average, may_tell_percentile, share, told, total, total_share

COUNTS = st.integers(0, 10_000)


@given(COUNTS)
def test_fewer_than_five_are_not_told_and_others_in_fives(count: int) -> None:
    shown = told(count)
    assert (shown is None) == (count < SMALLEST_GROUP)
    assert shown is None or shown <= count < shown + SMALLEST_GROUP
    assert shown != 0


@given(COUNTS, COUNTS)
def test_the_difference_of_two_answers_is_never_a_small_group(first: int, second: int) -> None:
    longer, shorter = told(first + second), told(first)
    if longer is not None and shorter is not None:
        assert longer - shorter not in range(1, SMALLEST_GROUP)


@given(st.lists(st.lists(COUNTS, min_size=1, max_size=6), min_size=1, max_size=3))
def test_a_total_tells_nothing_that_its_parts_do_not_tell(partitions: list[list[int]]) -> None:
    as_told = [[told(part) or 0 for part in parts] for parts in partitions]
    assert total(10_000, *partitions) == total(0, *as_told)


def test_a_total_is_what_its_told_parts_add_up_to() -> None:
    assert total(20, [4] * 5) is None
    assert total(25, [9, 4, 4, 4, 4]) == 5
    assert total(30, [9, 21], [14, 16]) == 25
    assert total(14) == 10


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (9, 14, 0.5),  # 5 of 10 by the told counts, as any from 5 to 9 of any from 5 to 9 more
        (7, 14, 0.5),
        (4, 100, None),
        (96, 100, None),
        (5, 9, None),
        (0, 0, None),
        (0, 50, None),
        (50, 50, None),
        (333, 1000, 0.33),
        (5, 10_000, 0.01),
        (5, 10, 0.5),
    ],
)
def test_a_share_is_made_of_the_told_counts_of_two_groups(part: int, whole: int, expected: float | None) -> None:
    assert share(part, whole) == expected


@given(COUNTS, COUNTS)
def test_a_share_is_that_of_what_is_told_and_never_all_or_nothing(part: int, rest: int) -> None:
    shown = share(part, part + rest)
    assert (shown is None) == (min(part, rest) < SMALLEST_GROUP)
    if shown is not None:
        assert 0 < shown < 1
        assert shown == share(told(part) or 0, (told(part) or 0) + (told(rest) or 0))


def test_a_percentile_needs_five_beyond_it() -> None:
    assert [n for n in (9, 10) if may_tell_percentile(n, 0.5)] == [10]
    assert [n for n in (99, 100) if may_tell_percentile(n, 0.95)] == [100]
    assert [n for n in (499, 500) if may_tell_percentile(n, 0.99)] == [500]


def test_a_share_of_a_total_is_that_of_its_told_parts() -> None:
    assert total_share([(10, 20), (20, 40)]) == 0.5
    assert total_share([(10, 20), (0, 0)]) == 0.5
    assert total_share([(14, 24), (4, 4)]) == 0.5
    assert total_share([(4, 8), (4, 8)]) is None
    assert total_share([]) is None


def test_an_average_weighs_what_is_told() -> None:
    assert average([(4.04, 24), (2.0, 4)]) == 4.0
    assert average([(5.0, 14), (2.0, 10)]) == 3.5
    assert average([(5.0, 4)]) is None
