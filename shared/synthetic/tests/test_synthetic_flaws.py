from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import islice
from random import Random

import pytest

from standards.names import same_name
from synthetic import records
from synthetic.flaws import Flaw, Shares, dealt, flawed, shares
from synthetic.households import households
from synthetic.people import SyntheticPerson
from synthetic.records import SyntheticRecord

TODAY = date(2026, 11, 23)
CHILD = SyntheticPerson(
    number="440309202002290031",
    name="龙晓华",
    sex="male",
    born=date(2020, 2, 29),
    nationality_group="汉",
    address="湖南省衡阳县船山路8号",
    issuing_authority="衡阳县公安局",
    valid_from=date(2026, 1, 5),
    valid_until=date(2031, 1, 5),
    community="440309002002",
)
DICE = Random(1)


def held(record: SyntheticRecord, flaw: Flaw) -> tuple[SyntheticRecord, ...]:
    return flawed(record, flaw, DICE, TODAY)


def test_a_missing_record_is_held_by_nobody() -> None:
    assert held(records.vaccination_record(CHILD), "missing") == ()


def test_an_old_address_is_another_address() -> None:
    right = records.household_register(CHILD, "004512345", CHILD.address)
    (wrong,) = held(right, "old-address")
    assert wrong.fields["address"] != right.fields["address"]
    assert wrong.fields["household_number"] == "004512345"


def test_a_name_in_the_other_script_is_the_same_name() -> None:
    (record,) = held(records.vaccination_record(CHILD), "other-script")
    assert record.fields["child_name"] == "龍曉華"
    assert same_name(str(record.fields["child_name"]), CHILD.name)


def test_a_swapped_date_is_another_date_that_exists() -> None:
    born = replace(CHILD, born=date(2020, 2, 11))
    (record,) = held(records.vaccination_record(born), "swapped-date")
    assert record.fields["birth_date"] == "2020-11-02"


@pytest.mark.parametrize("born", [date(2020, 2, 29), date(2020, 3, 3)])
def test_a_date_that_cannot_be_swapped_never_is(born: date) -> None:
    always = Shares(flaws={"swapped-date": 1}, department_only={})
    assert dealt(records.vaccination_record(replace(CHILD, born=born)), DICE, always) is None


def test_an_expired_record_ended_before_today() -> None:
    (record,) = held(records.id_card(CHILD), "expired")
    assert record.valid_until is not None
    assert record.valid_until < TODAY


def test_an_expired_portrait_is_older_than_two_years() -> None:
    (record,) = held(records.portrait_photo(CHILD, TODAY), "expired")
    assert date.fromisoformat(str(record.fields["taken_on"])) < date(2024, 11, 23)


def test_a_revoked_record_is_withdrawn_after_its_publication() -> None:
    (record,) = held(records.vaccination_record(CHILD), "revoked")
    assert record.withdrawn == "revoked"


def test_a_duplicate_person_is_held_once_wrong_and_once_right() -> None:
    right = records.household_register(CHILD, "004512345", CHILD.address)
    older, same = held(right, "duplicate")
    assert same == right
    assert older.fields["address"] != right.fields["address"]


@pytest.mark.parametrize("flaw", list(shares().flaws))
def test_each_flaw_has_the_share_that_its_file_states(flaw: Flaw) -> None:
    only = Shares(flaws={flaw: 0.25}, department_only={})
    perfect = Shares(flaws={}, department_only={})
    dice = Random(flaw)
    candidates = [
        record
        for made in islice(households(5, TODAY, perfect), 400)
        for record in made.records
        if dealt(record, Random(0), Shares(flaws={flaw: 1}, department_only={})) is not None
    ]
    hit = sum(dealt(record, dice, only) is not None for record in candidates)
    assert hit / len(candidates) == pytest.approx(0.25, abs=0.05)
