"""What is kept in memory ends with its time, and never grows beyond its bound."""

from __future__ import annotations

from portal.frame.kept import Kept


def test_a_value_is_kept_for_its_time_and_counted_from_when_it_was_put_last() -> None:
    now = [0.0]
    kept: Kept[str, int] = Kept(seconds=10, most=5, clock=lambda: now[0])
    kept.put("a", 1)
    now[0] = 9.9
    assert (kept.find("a"), kept.find("b")) == (1, None)
    kept.put("a", 2)
    now[0] = 19.8
    assert kept.find("a") == 2
    now[0] = 19.9
    assert kept.find("a") is None


def test_the_one_that_was_put_first_makes_room() -> None:
    kept: Kept[int, int] = Kept(seconds=10, most=3)
    for number in (1, 2, 3, 1, 4):
        kept.put(number, number)
    assert [kept.find(number) for number in (1, 2, 3, 4)] == [1, None, 3, 4]
