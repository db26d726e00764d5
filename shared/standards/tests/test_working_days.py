"""Working days against the State Council's notices for 2025 and 2026."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.data_files import DataFileError
from standards.working_days import Calendar

CALENDAR = Calendar.load()
DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2027, 12, 31))


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 1, 28),
        date(2025, 10, 8),
        date(2026, 1, 2),
        date(2026, 2, 23),
        date(2026, 4, 6),
        date(2026, 9, 25),
        date(2026, 10, 7),
        date(2027, 2, 8),
        date(2026, 11, 22),
    ],
)
def test_holidays_and_weekends_are_off(day: date) -> None:
    assert not CALENDAR.is_working(day)


@pytest.mark.parametrize(
    "day", [date(2025, 1, 26), date(2025, 4, 27), date(2026, 2, 14), date(2026, 9, 20), date(2026, 10, 10)]
)
def test_make_up_days_are_worked_though_they_are_weekends(day: date) -> None:
    assert day.weekday() >= 5
    assert CALENDAR.is_working(day)


@pytest.mark.parametrize(("year", "working"), [(2025, 248), (2026, 248)])
def test_a_year_has_as_many_working_days_as_the_regulation_leaves(year: int, working: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
    assert sum(CALENDAR.is_working(day) for day in days) == working


def test_the_day_of_the_request_does_not_count() -> None:
    assert CALENDAR.add(date(2026, 11, 23), 1) == date(2026, 11, 24)
    assert CALENDAR.add(date(2026, 11, 27), 1) == date(2026, 11, 30)


def test_national_day_is_skipped_and_its_make_up_saturday_counts() -> None:
    assert CALENDAR.add(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CALENDAR.add(date(2026, 9, 30), 3) == date(2026, 10, 10)


def test_seven_working_days_before_spring_festival_reach_behind_it() -> None:
    assert CALENDAR.add(date(2026, 2, 11), 7) == date(2026, 2, 27)


def test_zero_days_stay_on_a_working_day_and_leave_a_holiday() -> None:
    assert CALENDAR.add(date(2026, 11, 23), 0) == date(2026, 11, 23)
    assert CALENDAR.add(date(2026, 10, 1), 0) == date(2026, 10, 8)


def test_negative_days_are_refused() -> None:
    with pytest.raises(ValueError, match="counted forward"):
        CALENDAR.add(date(2026, 11, 23), -1)


def test_a_year_without_an_entry_knows_weekends_only() -> None:
    assert not CALENDAR.is_provisional(date(2026, 12, 31))
    assert CALENDAR.is_provisional(date(2027, 1, 1))  # assumed only
    assert CALENDAR.is_provisional(date(2031, 1, 6))  # not in the file at all
    assert CALENDAR.is_provisional(date(2024, 12, 31))
    assert CALENDAR.is_working(date(2031, 10, 1))
    assert not CALENDAR.is_working(date(2031, 10, 4))


@given(DAYS, st.integers(min_value=0, max_value=60))
def test_the_result_is_a_working_day_and_as_many_days_away(start: date, days: int) -> None:
    end = CALENDAR.add(start, days)
    assert CALENDAR.is_working(end)
    if days:
        assert CALENDAR.count(start, end) == days


@given(DAYS, st.integers(min_value=0, max_value=30), st.integers(min_value=1, max_value=30))
def test_adding_in_two_steps_is_adding_at_once(start: date, first: int, second: int) -> None:
    begin = CALENDAR.add(start, 0)
    assert CALENDAR.add(CALENDAR.add(begin, first), second) == CALENDAR.add(begin, first + second)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("make_up_days: [2026-01-05]", "make-up day"),
        ("make_up_days: [2027-01-09]", "is not in 2026"),
        ("make_up_dayz: []", "make_up_dayz"),
    ],
)
def test_an_error_in_the_calendar_names_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    broken = tmp_path / "calendar.yaml"
    broken.write_text(f"- year: 2026\n  status: official\n  source: test\n  holidays: []\n  {text}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=rf"calendar\.yaml:\d+: .*{complaint}"):
        Calendar.load(broken)
