"""The same behaviour of the collections in memory and in the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest

from bus.event import Change, ConflictError, Outcome, expect_all
from identity.domain import guardianship as guardianships
from identity.domain.correction import Permit, SignedAnswer
from identity.domain.guardianship import Guardianship, GuardianshipProof
from identity.domain.record import RecordedActor
from identity.domain.resident import RegistrationPlace, Resident, register
from identity.store.documents import (
    INDEXES,
    RESIDENTS,
    SEALED,
    GuardianshipStore,
    ResidentStore,
    answers_in,
)
from services.identity.tests.people import CLERK, COMMUNITY, FakeGuardianships, card
from standards import identity_number
from store.commit import Committer
from store.repository import Database, Repository, Write
from testkit.fakes import FakeDocuments, apply
from testkit.fixtures import make_collections
from testkit.leaks import readable_in

AT = datetime(2026, 11, 23, 2, 0, 0, 123000, tzinfo=UTC)
BY = RecordedActor(subject=CLERK.subject, role=CLERK.role)


@dataclass(frozen=True)
class Kept:
    """The collections, and the commit that keeps what they prepared."""

    residents: Repository[Resident]
    guardianships: GuardianshipStore
    commit: Callable[[Sequence[Change]], Awaitable[None]]


@pytest.fixture
async def in_memory() -> Kept:
    async def commit(changes: Sequence[Change]) -> None:
        outcome: Outcome[Any] = Outcome(changes)
        apply(outcome)

    return Kept(FakeDocuments(Resident), FakeGuardianships(), commit)


@pytest.fixture
async def in_the_store(database: Database) -> AsyncIterator[Kept]:
    committer = Committer(database)
    await committer.prepare()
    await make_collections(database, INDEXES)
    committer.start()

    async def commit(changes: Sequence[Change]) -> None:
        await committer.commit(expect_all(Write, changes))

    yield Kept(
        ResidentStore(database),
        GuardianshipStore(database),
        commit,
    )
    await committer.stop()


@pytest.fixture(params=["in_memory", "in_the_store"])
def kept(request: pytest.FixtureRequest) -> Kept:
    chosen: Kept = request.getfixturevalue(request.param)
    return chosen


NUMBER = identity_number.parse("440309199001010013", today=date(2026, 11, 24))


def resident() -> Resident:
    place = RegistrationPlace(channel="window", community=COMMUNITY)
    return register(id="res_1", holder_index="ab" * 32, number=NUMBER, card=card(), place=place, by=BY, at=AT)


def guardianship(guardian_id: str, child_id: str, ends_on: date = date(2037, 5, 4)) -> Guardianship:
    return Guardianship(
        id=guardianships.guardianship_id(guardian_id, child_id),
        guardian_id=guardian_id,
        child_id=child_id,
        relation="mother",
        proof=GuardianshipProof(kind="household-register", reference="440309001"),
        ends_on=ends_on,
    )


async def test_a_resident_comes_back_as_it_was_kept_one_version_on(kept: Kept) -> None:
    new = resident()
    await kept.commit([kept.residents.save(new)])
    assert await kept.residents.get(new.id) == new.model_copy(update={"version": 1})
    assert await kept.residents.get("res_nobody") is None


async def test_approved_corrections_come_back_as_they_were_kept(kept: Kept) -> None:
    permit = Permit(correction_id="cor_1", field="name", value="李育诚", until=date(2026, 12, 25), used_at=AT)
    new = resident().model_copy(update={"permits": (permit,)})
    await kept.commit([kept.residents.save(new)])
    stored = await kept.residents.get(new.id)
    assert stored is not None
    assert stored.permits == (permit,)


async def test_the_same_resident_can_not_be_kept_twice_as_new(kept: Kept) -> None:
    await kept.commit([kept.residents.save(resident())])
    with pytest.raises(ConflictError):
        await kept.commit([kept.residents.save(resident())])


async def test_a_change_on_an_older_version_is_refused(kept: Kept) -> None:
    await kept.commit([kept.residents.save(resident())])
    stored = await kept.residents.get(resident().id)
    assert stored is not None
    await kept.commit([kept.residents.save(stored)])
    with pytest.raises(ConflictError):
        await kept.commit([kept.residents.save(stored)])


async def test_guardianships_are_found_by_guardian_in_pages_and_by_either_person(kept: Kept) -> None:
    mine = [guardianship("res_a", f"res_child{n}") for n in range(3)]
    ended = guardianships.end(guardianship("res_a", "res_grown"), "法院判决变更", BY, AT)
    others = guardianship("res_b", "res_child0")
    await kept.commit([kept.guardianships.save(each) for each in [*mine, ended, others]])
    held = await kept.guardianships.held_by("res_a", after=None, limit=10)
    assert [each.id for each in held] == sorted(each.id for each in mine)
    assert await kept.guardianships.held_by("res_a", after=held[0].id, limit=1) == held[1:2]
    concerning = {each.id for each in await kept.guardianships.concerning("res_child0")}
    assert concerning == {mine[0].id, others.id}
    assert len(await kept.guardianships.concerning("res_a")) == 4


async def test_guardianships_run_out_on_the_day_the_child_is_of_age(kept: Kept) -> None:
    before, on, after = (guardianship("res_a", f"res_{day}", date(2026, 11, day)) for day in (22, 23, 24))
    ended = guardianships.end(guardianship("res_a", "res_grown", date(2026, 1, 1)), "法院判决变更", BY, AT)
    await kept.commit([kept.guardianships.save(each) for each in (before, on, after, ended)])
    run_out = await kept.guardianships.run_out(date(2026, 11, 23))
    assert {each.id for each in run_out} == {before.id, on.id}


async def test_who_is_registered_keeps_the_id_and_the_index_alone_gives_nobody_a_new_one(
    in_the_store: Kept, database: Database
) -> None:
    index = resident().holder_index
    made_of_it = "res_" + sha256(f"resident {index}".encode()).hexdigest()[:26]
    earlier = Repository(database, RESIDENTS, Resident, sealed=SEALED[RESIDENTS])
    await in_the_store.commit([earlier.save(resident().model_copy(update={"id": made_of_it}))])
    now = ResidentStore(database)

    found = await now.with_index(index)

    assert found is not None
    assert (found.id, now.id_for(index) != made_of_it, now.id_for(index)) == (made_of_it, True, now.id_for(index))
    assert await now.with_index("cd" * 32) is None
    answered = {"holder_index": index, "document_type": "id-card", "field": "name", "value": "x", "officers": ()}
    answers = answers_in(database)
    await in_the_store.commit(
        [now.save(found), answers.save(SignedAnswer.model_validate({**answered, "id": "cor_1", "at": AT}))]
    )
    assert await readable_in(database, [index]) == []
