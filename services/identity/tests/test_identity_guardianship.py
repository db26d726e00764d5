from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bus.event import Outcome
from identity.domain.guardianship import Guardianship, GuardianshipProof
from identity.domain.resident import Resident
from identity.events import GuardianshipEnded, GuardianshipRegistered
from identity.handlers import guardianship, suspension
from runtime.errors import Conflict, NotFound, Refusal, Refusals
from services.identity.tests.people import CLERK, Hall, girl, number_for, reading

PROOF = GuardianshipProof(kind="birth-certificate", reference="T440012345")


@pytest.fixture
async def father(hall: Hall) -> Resident:
    return await hall.register(reading())


@pytest.fixture
async def child(hall: Hall) -> Resident:
    return await hall.register(girl())


async def establish(hall: Hall, guardian_id: str, child_id: str) -> Outcome[Guardianship]:
    outcome = await guardianship.establish(guardian_id, child_id, "father", PROOF, CLERK, hall.deps)
    hall.commit(outcome)
    return outcome


def only(hall: Hall) -> Guardianship:
    (stored,) = hall.guardianships.all.values()
    return stored


async def test_a_guardian_may_act_for_a_child_until_it_is_eighteen(
    hall: Hall, father: Resident, child: Resident
) -> None:
    outcome = await establish(hall, father.id, child.id)
    stored, event = only(hall), hall.published[-1]
    assert (stored.guardian_id, stored.child_id, stored.proof) == (father.id, child.id, PROOF)
    assert stored.ends_on.isoformat() == "2037-05-04"
    assert isinstance(event, GuardianshipRegistered)
    assert (event.guardianship_id, event.sequence, outcome.case) == (stored.id, 1, child.id)


async def test_the_same_guardianship_again_changes_nothing(hall: Hall, father: Resident, child: Resident) -> None:
    await establish(hall, father.id, child.id)
    again = await establish(hall, father.id, child.id)
    assert again.result == only(hall)
    assert (again.changes, again.events) == ((), ())


async def test_another_relation_of_the_same_two_is_refused(hall: Hall, father: Resident, child: Resident) -> None:
    await establish(hall, father.id, child.id)
    with pytest.raises(Conflict, match="guardianship-holds-already"):
        await guardianship.establish(father.id, child.id, "guardian", PROOF, CLERK, hall.deps)


async def test_what_was_ended_can_begin_anew_with_a_higher_sequence(
    hall: Hall, father: Resident, child: Resident
) -> None:
    await establish(hall, father.id, child.id)
    hall.commit(await guardianship.end(only(hall).id, "法院判决变更", CLERK, hall.deps, if_match=1))
    ended = hall.published[-1]
    assert isinstance(ended, GuardianshipEnded)
    assert (ended.reason, ended.sequence) == ("法院判决变更", 2)
    await establish(hall, father.id, child.id)
    assert (only(hall).ended, only(hall).version) == (False, 3)
    assert [step.what for step in only(hall).history] == [
        "guardianship-registered",
        "guardianship-ended",
        "guardianship-registered",
    ]


async def test_nothing_ends_twice_and_nothing_unknown_ends(hall: Hall, father: Resident, child: Resident) -> None:
    await establish(hall, father.id, child.id)
    hall.commit(await guardianship.end(only(hall).id, "法院判决变更", CLERK, hall.deps, if_match=None))
    with pytest.raises(Conflict, match="guardianship-ended-already"):
        await guardianship.end(only(hall).id, "再次终止", CLERK, hall.deps, if_match=None)
    with pytest.raises(NotFound):
        await guardianship.end("gua_nothing", "终止", CLERK, hall.deps, if_match=None)


async def test_both_must_be_registered(hall: Hall) -> None:
    with pytest.raises(Refusals) as caught:
        await establish(hall, "res_nobody", "res_no_child")
    assert [(each.code, each.field) for each in caught.value.refusals] == [
        ("guardian-not-registered", "guardian_id"),
        ("child-not-registered", "child_id"),
    ]


async def test_an_adult_needs_no_guardian_and_a_child_is_none(hall: Hall, father: Resident, child: Resident) -> None:
    with pytest.raises(Refusals) as caught:
        await establish(hall, child.id, father.id)
    assert [each.code for each in caught.value.refusals] == ["child-not-minor", "guardian-under-age"]
    with pytest.raises(Refusals) as caught:
        await establish(hall, child.id, child.id)
    assert [each.code for each in caught.value.refusals] == ["guardian-is-child", "guardian-under-age"]


async def test_a_suspended_guardian_is_refused(hall: Hall, father: Resident, child: Resident) -> None:
    hall.commit(await suspension.suspend(father.id, "本人挂失", CLERK, hall.deps, if_match=None))
    with pytest.raises(Refusal, match="guardian-suspended"):
        await establish(hall, father.id, child.id)


async def test_a_guardianship_ends_by_itself_on_the_eighteenth_birthday(
    hall: Hall, father: Resident, child: Resident
) -> None:
    await establish(hall, father.id, child.id)
    hall.clock.now = datetime(2037, 5, 3, 15, 59, tzinfo=UTC)
    assert await guardianship.end_at_majority(hall.deps) == []
    hall.clock.now = datetime(2037, 5, 3, 16, 0, tzinfo=UTC)  # midnight in Shenzhen
    for outcome in await guardianship.end_at_majority(hall.deps):
        hall.commit(outcome)
    event = hall.published[-1]
    assert isinstance(event, GuardianshipEnded)
    assert (event.reason, only(hall).history[-1].by.subject) == ("child-of-age", "identity")
    assert await guardianship.end_at_majority(hall.deps) == []


async def test_both_can_read_that_somebody_changed_who_acts_for_whom(
    hall: Hall, father: Resident, child: Resident
) -> None:
    await establish(hall, father.id, child.id)
    hall.commit(await guardianship.end(only(hall).id, "改由母亲监护", CLERK, hall.deps, if_match=None))

    assert [(look.holder.resident_id, look.how, look.what, look.purpose) for look in hall.told] == [
        (father.id, "worked-on", "wards", None),
        (child.id, "worked-on", "registration", None),
        (father.id, "worked-on", "wards", "改由母亲监护"),
        (child.id, "worked-on", "registration", "改由母亲监护"),
    ]


async def test_a_child_may_have_two_guardians(hall: Hall, father: Resident, child: Resident) -> None:
    mother = await hall.register(reading(number_for(father.card.birth_date, "004"), name="周敏", sex="female"))
    await establish(hall, father.id, child.id)
    hall.commit(await guardianship.establish(mother.id, child.id, "mother", PROOF, CLERK, hall.deps))
    assert {each.guardian_id for each in hall.guardianships.all.values()} == {father.id, mother.id}
