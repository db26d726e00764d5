from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.moments import EARLIEST, FIRST_DAY, LAST_DAY, LATEST, SHENZHEN, read_moment

IN_BOUNDS = st.datetimes(datetime(1850, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - Hypothesis wants naive bounds
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(IN_BOUNDS, OFFSETS)
def test_what_is_written_with_an_offset_is_read_as_that_moment(local: datetime, offset: timezone) -> None:
    moment = local.replace(tzinfo=offset)

    assert read_moment(moment.isoformat()) == moment


@given(IN_BOUNDS, st.text("0123456789", min_size=1, max_size=200))
def test_a_fraction_may_have_any_number_of_digits(second: datetime, digits: str) -> None:
    written = second.replace(microsecond=0).isoformat()
    microseconds = int(digits[:6].ljust(6, "0"))

    assert read_moment(f"{written}.{digits}Z") == second.replace(microsecond=microseconds, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-29t10:00:00z", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("2026-11-29T10:00:00.5+08:00", datetime(2026, 11, 29, 2, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-29T10:00:00-00:00", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("1985-04-12T23:20:50.52Z", datetime(1985, 4, 12, 23, 20, 50, 520_000, tzinfo=UTC)),
        ("1990-12-31T23:59:60Z", datetime(1991, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60-08:00", datetime(1991, 1, 1, tzinfo=UTC)),
        ("2017-01-01T07:59:60.999+08:00", datetime(2017, 1, 1, tzinfo=UTC)),
        ("1937-01-01T12:00:27.87+00:20", datetime(1937, 1, 1, 11, 40, 27, 870_000, tzinfo=UTC)),
        ("1900-01-01T00:00:00+08:00", datetime(1899, 12, 31, 16, tzinfo=UTC)),
        ("1850-01-01T00:00:00+08:00", datetime(1849, 12, 31, 16, tzinfo=UTC)),
        ("1849-12-31T16:00:00Z", datetime(1849, 12, 31, 16, tzinfo=UTC)),
        ("1849-12-31T08:00:00-08:00", datetime(1849, 12, 31, 16, tzinfo=UTC)),
        ("2199-12-31T23:59:59.999999+08:00", datetime(2199, 12, 31, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("2200-01-01T07:00:00+16:00", datetime(2199, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_every_form_that_rfc_3339_has_is_read(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-29", "20261129T100000Z", "2026-W48-7T10:00:00Z", "2026-11-29T10:00Z", "2026-11-29T10:00:00",
        "2026-11-29T10:00:00,5Z", "2026-11-29T10:00:00.Z", "2026-11-29T10:00:00+0800", "2026-11-29T10:00:00+08:05:43",
        "2026-11-29T10:00:00+24:00", "2026-11-29T24:00:00Z", "2026-11-29T10:60:00Z", "2026-11-29T10:00:60Z",
        "2026-11-30T23:59:61Z", "2026-02-30T10:00:00Z", "２０２６-11-29T10:00:00Z", " 2026-11-29T10:00:00Z",
        "2026-11-29T10:00:00Z\n", "0001-01-01T00:00:00+08:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:60-23:59", "2199-12-31T23:59:59-08:00", "2199-12-31T16:00:00Z", "2200-01-01T00:00:00+08:00",
        "1849-12-31T15:59:59.999999Z", "1849-12-30T23:59:59-08:00",
    ],
)  # fmt: skip
def test_anything_else_and_any_moment_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|leap|from 1850|out of range|must be in"):
        read_moment(text)


@given(st.text(max_size=60) | st.from_regex(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d*)?([Zz]|[+-]\d\d:\d\d)"))
def test_whatever_is_written_is_a_moment_within_bounds_or_a_value_error(text: str) -> None:
    try:
        moment = read_moment(text)
    except ValueError:
        return
    assert EARLIEST <= moment <= LATEST
    moment.astimezone(SHENZHEN)


def test_shenzhen_is_eight_hours_ahead_in_every_year() -> None:
    for year in (1850, 1900, 1901, 1941, 1988, 2026, 2199):
        for month in (1, 7):
            assert datetime(year, month, 1, tzinfo=SHENZHEN).isoformat().endswith("T00:00:00+08:00")


@pytest.mark.parametrize("end", [datetime(1849, 12, 31, 12), datetime(2199, 12, 31, 12)])  # noqa: DTZ001 - as above
@given(hours=st.integers(-50, 50), offset=OFFSETS)
def test_a_moment_is_taken_exactly_when_its_day_in_shenzhen_is_within_the_bounds(
    end: datetime, hours: int, offset: timezone
) -> None:
    moment = (end + timedelta(hours=hours)).replace(tzinfo=offset)
    if FIRST_DAY <= moment.astimezone(SHENZHEN).date() <= LAST_DAY:
        assert read_moment(moment.isoformat()) == moment
    else:
        with pytest.raises(ValueError, match="from 1850"):
            read_moment(moment.isoformat())
