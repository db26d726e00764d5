from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.disclosure import SMALLEST_GROUP, may_tell_percentile, share, told, total, total_share

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


@given(st.lists(st.integers(0, 14), min_size=1, max_size=4))
def test_no_part_that_is_not_told_can_be_worked_out_from_the_total(parts: list[int]) -> None:
    shown, sum_shown = [told(part) for part in parts], total(sum(parts), parts)
    possible = [range(5) if each is None else range(each, each + 5) for each in shown]
    lowest, highest = (0, 4) if sum_shown is None else (sum_shown, sum_shown + 4)
    fitting = [each for each in product(*possible) if lowest <= sum(each)]
    for place, each in enumerate(shown):
        if each is None:
            assert {found[place] for found in fitting} >= {1, 2, 3, 4}
            assert min(sum(found) for found in fitting if found[place] == 4) <= highest or sum_shown is None


def test_five_parts_of_four_do_not_stand_in_a_total_of_twenty() -> None:
    assert total(20, [4] * 5) == 15
    assert total(8, [4, 4]) == 5
    assert total(16, [4, 4, 4, 4]) == 10
    assert total(25, [9, 4, 4, 4, 4]) == 20


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (9, 14, 0.65),  # 5 of 10 by the rounded counts
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
def test_a_share_is_made_of_the_exact_counts_of_two_groups(part: int, whole: int, expected: float | None) -> None:
    assert share(part, whole) == expected


@given(COUNTS, COUNTS)
def test_a_share_is_near_the_true_one_and_never_all_or_nothing(part: int, rest: int) -> None:
    shown = share(part, part + rest)
    assert (shown is None) == (min(part, rest) < SMALLEST_GROUP)
    if shown is not None:
        assert 0 < shown < 1
        assert abs(shown - part / (part + rest)) <= 0.03


def test_a_percentile_needs_five_beyond_it() -> None:
    assert [n for n in (9, 10) if may_tell_percentile(n, 0.5)] == [10]
    assert [n for n in (99, 100) if may_tell_percentile(n, 0.95)] == [100]
    assert [n for n in (499, 500) if may_tell_percentile(n, 0.99)] == [500]


@given(st.lists(st.integers(0, 30).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))), max_size=6))
def test_a_share_of_a_total_gives_no_group_away_that_has_none_of_its_own(rows: list[tuple[int, int]]) -> None:
    untold = [row for row in rows if share(*row) is None]
    part, whole = sum(part for part, _ in untold), sum(whole for _, whole in untold)
    if total_share(rows) is not None:
        assert whole == 0 or min(part, whole - part) >= SMALLEST_GROUP
        assert len(untold) != 1 or untold[0][1] == 0


def test_a_share_of_a_total_is_that_of_all_parts() -> None:
    assert total_share([(10, 20), (20, 40)]) == 0.5
    assert total_share([(10, 20), (0, 0)]) == 0.5
    assert total_share([(10, 20), (1, 4)]) is None
    assert total_share([(10, 20), (4, 8), (4, 8)]) == 0.5
    assert total_share([]) is None
