from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards import identity_number
from synthetic.flaws import Shares, shares
from synthetic.households import Household, household, households
from synthetic.loader import shown
from synthetic.people import age_in_years
from synthetic.population import Population

TODAY = date(2026, 11, 23)
PERFECT = Shares(flaws={}, department_only={})


def take(count: int, seed: int = 1, given_shares: Shares | None = None) -> list[Household]:
    return list(islice(households(seed, TODAY, given_shares), count))


def test_the_same_seed_makes_the_same_households() -> None:
    assert take(60) == take(60)


def test_another_seed_makes_other_households() -> None:
    assert {one.head.number for one in take(60)}.isdisjoint(one.head.number for one in take(60, seed=2))


def test_a_larger_population_begins_with_the_smaller_one() -> None:
    assert take(50)[:20] == take(20)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_everybody_has_a_correct_number_that_agrees_with_the_card(seed: int, index: int) -> None:
    for person in household(seed, index, TODAY, PERFECT).people:
        parsed = identity_number.parse(person.number, today=TODAY)
        assert (parsed.birth_date, parsed.sex) == (person.born, person.sex)
        assert person.born < person.valid_from < TODAY
        assert person.valid_until is None or person.valid_until > TODAY


@given(st.integers(0, 10_000))
def test_ages_fit_what_the_household_applies_for(index: int) -> None:
    made = household(3, index, TODAY, PERFECT)
    age = age_in_years(made.head.born, TODAY)
    assert {"newcomers": 25 <= age <= 45, "settled": 25 <= age <= 45, "senior": 60 <= age <= 79, "elder": age >= 80}[
        made.kind
    ]
    assert made.child is None or age_in_years(made.child.born, date(2027, 8, 31)) == 6


def test_landlords_are_shared_by_neighbours() -> None:
    landlords = Counter(one.landlord.number for one in take(200) if one.landlord)
    assert max(landlords.values()) > 1


def test_without_flaws_everything_that_is_needed_is_held_once() -> None:
    for made in take(80, given_shares=PERFECT):
        held = [(record.document_type, record.number) for record in made.records]
        assert len(held) == len(set(held))
        assert all(record.withdrawn is None and record.keeper == "city" for record in made.records)


def test_records_have_ids_of_their_own() -> None:
    ids = [record.record_id for made in take(300) for record in made.records]
    assert len(ids) == len(set(ids))


def test_no_record_id_holds_an_identity_number() -> None:
    for made in take(50):
        assert all(person.number not in record.record_id for person in made.people for record in made.records)


@pytest.mark.parametrize("document_type", ["portrait-photo", "vaccination-record", "bank-account"])
def test_the_stated_share_is_known_to_the_department_alone(document_type: str) -> None:
    found = [r.keeper for made in take(2500) for r in made.records if r.document_type == document_type]
    assert found.count("department") / len(found) == pytest.approx(shares().department_only[document_type], abs=0.06)


def test_no_two_residents_who_are_offered_at_the_sign_in_have_the_same_name() -> None:
    for seed in range(1, 6):
        offered = [person.name for person, kind in shown(Population(seed, TODAY, 100)) if kind != "landlord"]
        assert len(offered) == len(set(offered)) == 12
