from __future__ import annotations

from datetime import date

import pytest

from tests.load.cases import SHARES, answer, visits
from tests.load.forms import form_for

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("count", [1, 2, 7, 200])
def test_exactly_as_many_cases_as_were_asked_for(count: int) -> None:
    numbers = [case.number for visit in visits(1, TODAY, count) for case in visit.cases]
    assert numbers == list(range(count))


def test_the_same_seed_plans_the_same_cases() -> None:
    assert visits(7, TODAY, 100) == visits(7, TODAY, 100)
    assert visits(7, TODAY, 100) != visits(8, TODAY, 100)


def test_all_five_items_are_applied_for() -> None:
    assert len({case.item for visit in visits(1, TODAY, 100) for case in visit.cases}) == 5


@pytest.mark.parametrize("kind", list(SHARES))
def test_the_stated_share_of_answers_is_no(kind: str) -> None:
    refused = sum(not answer(1, kind, case) for case in range(5000))
    assert refused / 5000 == pytest.approx(SHARES[kind], abs=0.015)


def test_every_form_can_be_filled_in() -> None:
    for visit in visits(3, TODAY, 100):
        for case in visit.cases:
            assert all(form_for(case.item, case.household, TODAY).values())
