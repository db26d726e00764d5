"""What items say: where a value comes from, how long a grant lasts, by when something is promised."""

from __future__ import annotations

from datetime import date

import pytest

from applications.domain.expression import Facts, fault_of, value_of
from applications.domain.granted import after_months
from services.applications.tests.office import CATALOGUE, resident
from standards.working_days import Calendar


def test_paths_are_told_from_texts() -> None:
    person = resident("newcomer").party
    facts = Facts({"applicant": person, "subject": person}, {"names": ["甲"], "note": "holder.name"}, "R1", "2027-2028")
    assert value_of("holder.name", facts) == "李育成"
    assert value_of("applicant.birth_date", facts) == "1990-01-01"
    assert value_of("holder.number_index", facts) == person.index
    assert value_of("form.note", facts) == "holder.name"  # an answer is never taken for a path
    assert value_of("form.missing", facts) is None
    assert value_of("second_party.name", facts) is None
    assert value_of(["applicant.name", "乙"], facts) == ["李育成", "乙"]
    assert value_of("application.school_year", facts) == "2027-2028"
    assert (value_of("just a text", facts), value_of(12, facts), value_of(True, facts)) == ("just a text", 12, True)  # noqa: FBT003 - a value


def test_a_path_to_nothing_is_found_when_the_catalogue_is_read() -> None:
    assert fault_of("holder.nose", form=(), second_party=False) is not None
    assert fault_of("second_party.name", form=(), second_party=False) is not None
    assert fault_of(["form.x"], form=("y",), second_party=False) is not None
    assert fault_of("form.y", form=("y",), second_party=False) is None


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 23)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(start: date, months: int, end: date) -> None:
    assert after_months(start, months) == end


def test_a_promise_is_counted_over_the_spring_festival() -> None:
    promise = CATALOGUE.item("school-enrolment").promise
    assert promise.due(date(2026, 2, 13), Calendar.load()) == Calendar.load().add(date(2026, 2, 13), 20)
    assert CATALOGUE.item("residence-permit").promise.due(date(2026, 11, 23), Calendar.load()) == date(2026, 11, 30)
    assert CATALOGUE.item("senior-card").promise.due(date(2026, 11, 23), Calendar.load()) == date(2026, 11, 23)
