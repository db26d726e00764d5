from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards import age

LEAP_DAY = date(2008, 2, 29)


@pytest.mark.parametrize(
    ("on", "years"), [(date(2026, 6, 14), 16), (date(2026, 6, 15), 17), (date(2009, 6, 15), 0), (date(2009, 6, 14), -1)]
)
def test_a_year_is_full_on_the_birthday(on: date, years: int) -> None:
    assert age.years(date(2009, 6, 15), on) == years


def test_born_on_the_leap_day_one_turns_older_on_the_first_of_march() -> None:
    assert age.birthday(LEAP_DAY, 18) == date(2026, 3, 1)
    assert age.birthday(LEAP_DAY, 20) == date(2028, 2, 29)
    assert age.years(LEAP_DAY, date(2026, 2, 28)) == 17


@given(st.dates(date(1900, 1, 1), date(2050, 1, 1)), st.integers(0, 120))
def test_the_birthday_is_the_first_day_of_the_new_age(birth_date: date, turned: int) -> None:
    day = age.birthday(birth_date, turned)
    assert age.years(birth_date, day) == turned
    assert age.years(birth_date, day - timedelta(days=1)) == turned - 1
