from __future__ import annotations

from datetime import UTC, datetime

import pytest

from identity.domain.guardianship import GuardianshipProof
from identity.domain.resident import Resident
from identity.handlers import guardianship, queries
from identity.handlers.queries import LookupQuestion
from runtime.errors import NotAllowed, NotFound, Refusal
from services.identity.tests.people import CLERK, MAN, TERMINAL, Hall, girl, number_for, reading
from web.auth import Principal, Role

PURPOSE = "窗口受理居住证申请"


def as_resident(id: str) -> Principal:
    return Principal(id, Role.RESIDENT)


@pytest.fixture
async def man(hall: Hall) -> Resident:
    return await hall.register(reading())


async def with_ward(hall: Hall, guardian: Resident) -> Resident:
    child = await hall.register(girl())
    proof = GuardianshipProof(kind="birth-certificate", reference="T440012345")
    hall.commit(await guardianship.establish(guardian.id, child.id, "father", proof, CLERK, hall.deps))
    hall.told.clear()
    return child


async def test_a_resident_is_found_by_number_and_it_is_told_who_searched(hall: Hall, man: Resident) -> None:
    outcome = await queries.look_up(f" {MAN.lower()} ", PURPOSE, TERMINAL, hall.deps)
    hall.commit(outcome)
    assert outcome.result == man
    (look,) = hall.told
    assert (look.holder.resident_id, look.holder.index) == (man.id, man.holder_index)
    assert (look.how, look.what, look.purpose) == ("queried", "registration", PURPOSE)
    assert (look.by.subject, look.by.role, look.at) == ("terminal-3", "terminal", hall.clock())


async def test_a_wrong_number_is_told_apart_from_one_that_nobody_registered(hall: Hall) -> None:
    with pytest.raises(Refusal, match="identity-number-check-character"):
        await queries.look_up("440309199001010014", PURPOSE, CLERK, hall.deps)
    with pytest.raises(NotFound, match="not-registered"):
        await queries.look_up(number_for(datetime(1985, 1, 1, tzinfo=UTC).date()), PURPOSE, CLERK, hall.deps)


async def test_a_clerk_states_a_purpose_and_the_look_is_told(hall: Hall, man: Resident) -> None:
    for nothing in (None, "", "  "):
        with pytest.raises(Refusal, match="purpose-missing"):
            await queries.see(LookupQuestion(man.id, CLERK, nothing), hall.deps)
    hall.commit(await queries.see(LookupQuestion(man.id, CLERK, PURPOSE), hall.deps))
    (look,) = hall.told
    assert (look.holder.resident_id, look.how, look.purpose) == (man.id, "viewed", PURPOSE)


async def test_a_resident_looks_freely_at_the_own_data_and_at_nobody_elses(hall: Hall, man: Resident) -> None:
    own = await queries.see(LookupQuestion(man.id, as_resident(man.id), None), hall.deps)
    assert (own.result, own.accesses) == (man, [])
    for other in (man.id, "res_nobody"):
        with pytest.raises(NotAllowed, match="not-your-data"):
            await queries.see(LookupQuestion(other, as_resident("res_somebody"), PURPOSE), hall.deps)


async def test_a_guardian_sees_the_child_until_it_is_of_age(hall: Hall, man: Resident) -> None:
    child = await with_ward(hall, man)
    asked = LookupQuestion(child.id, as_resident(man.id), None)
    seen = await queries.see(asked, hall.deps)
    hall.commit(seen)
    assert seen.result == child
    assert [(look.holder.resident_id, look.by.subject) for look in hall.told] == [(child.id, man.id)]
    hall.clock.now = datetime(2037, 5, 4, tzinfo=UTC)
    with pytest.raises(NotAllowed):
        await queries.see(asked, hall.deps)


async def test_wards_are_listed_while_the_guardianship_holds(hall: Hall, man: Resident) -> None:
    child = await with_ward(hall, man)
    asked = LookupQuestion(man.id, as_resident(man.id), None)
    wards = (await queries.see_wards(asked, hall.deps, after=None, limit=21)).result
    assert wards is not None
    assert [ward.child for ward in wards] == [child]
    by_clerk = await queries.see_wards(LookupQuestion(man.id, CLERK, PURPOSE), hall.deps, after=None, limit=21)
    hall.commit(by_clerk)
    assert [(look.holder.resident_id, look.what) for look in hall.told] == [
        (man.id, "wards"),
        (child.id, "registration"),
    ]
    assert (await queries.see_wards(asked, hall.deps, after=wards[0].guardianship.id, limit=21)).result == []
    hall.commit(await guardianship.end(wards[0].guardianship.id, "法院判决变更", CLERK, hall.deps, if_match=None))
    assert (await queries.see_wards(asked, hall.deps, after=None, limit=21)).result == []


async def test_the_history_holds_every_step_of_both_people(hall: Hall, man: Resident) -> None:
    child = await with_ward(hall, man)
    for resident in (man, child):
        history = (await queries.see_history(LookupQuestion(resident.id, CLERK, PURPOSE), hall.deps)).result
        assert history is not None
        assert [step.what for step in history] == ["registered", "guardianship-registered"]
