"""What may be held already is asked of a person: nothing of an approval is stored before, and nothing is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from bus.envelope import BrokenMessageError
from bus.event import ConflictError, Outcome
from credential_office import HOLDER, NOW, Office, Told, approved, granted, received
from credential_store.domain.credential import Credential
from credential_store.domain.status import status_on
from credential_store.events import CredentialRevoked, CredentialStored, DuplicateSuspected
from runtime.clock import today
from store.repository import Stored
from test_credential_sameness import FLAT, NUMBER, TENANCY, housing, review, tenancy, valid
from testkit.fakes import FakeDocuments, apply

ELSEWHERE = FLAT | {"address": "梅龙路拾贰号叁栋五〇一"}
StoredT = TypeVar("StoredT", bound=Stored)


@pytest.fixture
def office() -> Office:
    return Office()


def answered(asked: DuplicateSuspected, same_as: str | None, told: Sequence[Told], minute: int = 90) -> Told:
    """Return a person's answer, with the approval that has waited for it."""
    approval = next((data for _, _, data in told if asked.task_id and data.get("task_id") == asked.task_id), None)
    data: dict[str, object] = {
        "task_id": "task_of_check",
        "credential_id": asked.credential_id,
        "document_type": asked.document_type,
        "holder": HOLDER,
        "same_as": same_as,
        "other_than": [*asked.other_than, *(each.credential_id for each in asked.held if same_as is None)],
        "checked_by": "housing-4",
        "approval": approval,
    }
    return "review-dispatch.duplicate-checked.v1", minute, data


async def test_of_two_approvals_of_one_tenancy_that_say_it_differently_the_second_waits_for_a_person(
    office: Office,
) -> None:
    first, second = review(40), review(41, fields=ELSEWHERE)
    [stored] = await office.hears(first)
    assert isinstance(stored, CredentialStored)
    [asked] = await office.hears(second)
    assert isinstance(asked, DuplicateSuspected)
    assert (asked.task_id, asked.credential_id, asked.fields) == ("task_41", None, ELSEWHERE)
    assert [(each.credential_id, each.fields) for each in asked.held] == [(stored.credential_id, FLAT)]
    assert len(valid(office)) == 1

    [same] = await office.hears(answered(asked, stored.credential_id, [second]))

    assert isinstance(same, CredentialStored)
    assert (same.credential_id, same.predecessor) == (stored.credential_id, stored.identifier)
    [credential] = valid(office)
    assert credential.current is not None
    assert credential.current.content.fields == ELSEWHERE
    assert await office.hears(answered(asked, stored.credential_id, [second])) == [], "told twice"
    assert await office.hears(second) == [], "an approval that comes again is known"


async def test_what_a_person_found_to_be_another_is_stored_beside_it(office: Office) -> None:
    first, second = review(40), review(41, fields=ELSEWHERE)
    await office.hears(first)
    [asked] = await office.hears(second)
    assert isinstance(asked, DuplicateSuspected)
    [stored] = await office.hears(answered(asked, None, [second]))
    assert isinstance(stored, CredentialStored)
    assert len(valid(office)) == 2


async def test_what_came_between_question_and_answer_is_asked_about_too_and_what_was_said_is_kept(
    office: Office,
) -> None:
    first, second, third = review(40), review(41, fields=ELSEWHERE), review(42, fields=FLAT | {"address": "华旺路8号"})
    await office.hears(first)
    [asked, between] = await office.hears(second, third)
    assert isinstance(asked, DuplicateSuspected)
    assert isinstance(between, DuplicateSuspected)
    [stored] = await office.hears(answered(between, None, [third]))
    assert isinstance(stored, CredentialStored)

    [again] = await office.hears(answered(asked, None, [second]))

    assert isinstance(again, DuplicateSuspected)
    assert [each.credential_id for each in again.held] == [stored.credential_id]
    assert again.other_than == [asked.held[0].credential_id]
    await office.hears(answered(again, None, [second]))
    assert len(valid(office)) == 3


@pytest.mark.parametrize(
    ("held", "said", "asked"),
    [
        (review(40, fields=NUMBER | FLAT), {"record_number": "LH-9"} | ELSEWHERE, False),
        (review(40, fields=NUMBER | FLAT), ELSEWHERE, True),
        (review(40), NUMBER | ELSEWHERE, True),
        (review(40), NUMBER | FLAT, False),
        (review(40, fields={"tenant_name": "李育成"}), {"tenant_name": "李育成"}, True),
        (housing(), ELSEWHERE, True),
        (tenancy(), ELSEWHERE, True),
    ],
    ids=["two numbers", "held one numbered", "new one numbered", "says all", "only the name", "published", "granted"],
)
async def test_numbers_and_equal_values_tell_and_a_person_is_asked_about_all_else(
    office: Office, held: Told, said: dict[str, object], *, asked: bool
) -> None:
    await office.hears(held)
    events = await office.hears(review(60, fields=said))
    assert any(isinstance(event, DuplicateSuspected) for event in events) is asked


@pytest.mark.parametrize("late", [housing(30), tenancy(60)], ids=["published", "granted"])
async def test_what_is_published_or_granted_beside_it_is_stored_and_asked_about(office: Office, late: Told) -> None:
    [first] = await office.hears(review(40))
    assert isinstance(first, CredentialStored)
    late = late[0], 61, {**late[2], "fields": NUMBER | ELSEWHERE} if "fields" in late[2] else late[2]
    if "grant" in late[2]:
        late[2]["grant"] = {**_grant(late), "fields": NUMBER | ELSEWHERE}
    else:
        late[2]["fields"] = {**NUMBER, **ELSEWHERE, "term_from": "2026-09-01", "term_to": "2027-08-31"}
    stored, asked = await office.hears(late)
    assert isinstance(stored, CredentialStored)
    assert isinstance(asked, DuplicateSuspected)
    assert (asked.task_id, asked.credential_id) == (None, stored.credential_id)
    assert [each.credential_id for each in asked.held] == [first.credential_id]

    [ended] = await office.hears(answered(asked, first.credential_id, []))

    assert isinstance(ended, CredentialRevoked)
    assert [each.id for each in valid(office)] == [stored.credential_id]


def _grant(told: Told) -> dict[str, object]:
    grant = told[2]["grant"]
    assert isinstance(grant, dict)
    return grant


async def test_a_record_with_the_same_values_replaces_what_was_approved_without_a_number(office: Office) -> None:
    [first] = await office.hears(review(25))
    assert isinstance(first, CredentialStored)
    stored, ended = await office.hears(housing())
    assert isinstance(stored, CredentialStored)
    assert isinstance(ended, CredentialRevoked)
    assert (stored.predecessor, ended.credential_id) == (first.identifier, first.credential_id)


async def test_a_number_that_another_document_has_had_leads_to_a_credential_of_its_own(office: Office) -> None:
    [first] = await office.hears(review(40, fields=NUMBER | FLAT))
    assert isinstance(first, CredentialStored)
    answer: dict[str, object] = {
        "task_id": "task_c",
        "correction_id": "cor_1",
        "document_type": TENANCY,
        "holder": HOLDER,
        "credential_id": first.credential_id,
        "field": "record_number",
        "value": "LH-2026-7",
        "officers": ["housing-4"],
        "explanation": "录入有误",
        "answered_at": (NOW + timedelta(minutes=50)).isoformat(),
    }
    await office.hears(("review-dispatch.correction-answered.v1", 50, answer))
    await office.hears(review(60, fields=NUMBER | ELSEWHERE))
    assert sorted(str(each.current and each.current.content.fields["record_number"]) for each in valid(office)) == [
        "LH-2026-1",
        "LH-2026-7",
    ]


class _Slow(FakeDocuments[StoredT]):
    """Documents of which each look takes a while, so that others come between."""

    def __init__(self, model: type[StoredT], chance: random.Random) -> None:
        super().__init__(model)
        self._chance = chance

    async def _while(self) -> None:
        for _ in range(self._chance.randint(0, 3)):
            await asyncio.sleep(0)

    async def get(self, id: str) -> StoredT | None:
        await self._while()
        return await super().get(id)

    async def find(self, *args: Any, **named: Any) -> list[StoredT]:  # noqa: ANN401 - as it is called
        await self._while()
        return await super().find(*args, **named)


class _Street:
    """Tenancies of one person as they truly are, and what is said of them, in many writings, all at once."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.office = Office(documents=_Slow(Credential, self._chance))
        self.told: list[Told] = []
        self.conflicts = self.questions = 0
        self._numbered = [self._chance.random() < 0.7 for _ in range(3)]

    def tells(self, minute: int) -> Told:
        """Return something that somebody says of one of them."""
        which, way = self._chance.randrange(3), self._chance.randrange(3)
        fields = {"tenant_name": "李育成", "address": f"梅龙路{which}号{'栋' * way}"}
        if self._numbered[which] and self._chance.random() < 0.5:
            fields["record_number"] = f"LH-{which}"
        kind = self._chance.random()
        if kind < 0.6:
            return approved(minute, TENANCY, fields=fields, task_id=f"task_{minute}", application_id=f"app_{minute}")
        if kind < 0.8 and self._numbered[which]:
            grant = fields | {"record_number": f"LH-{which}", "term_to": "2027-08-31"}
            return granted(minute, TENANCY, fields=grant)
        said = fields | {"term_from": "2026-09-01", "term_to": "2027-08-31"}
        type_, _, data = housing(minute, **said)
        if "record_number" not in fields:
            data["fields"] = said
        return type_, minute, data | {"record_id": f"h-{which}"}

    async def happens(self) -> None:
        """Tell all of it at once; each question is answered truly, some time later."""
        self.told = [self.tells(minute) for minute in range(1, self._chance.randint(5, 13))]
        await asyncio.gather(*map(self._is_heard, self.told))

    async def _is_heard(self, told: Told) -> None:
        for _ in range(self._chance.randint(0, 20)):
            await asyncio.sleep(0)
        self.office.submitted(told)
        await self.office.proven(told)
        handler, event = received(told)
        outcome: Outcome[None] | None = None
        while outcome is None:
            try:
                outcome = await handler(event, self.office.deps)
                apply(outcome)
            except ConflictError:
                outcome, self.conflicts = None, self.conflicts + 1
            except BrokenMessageError as error:
                if error.reason != "older-than-held":
                    raise
                return
        asked = [event for event in outcome.events if isinstance(event, DuplicateSuspected)]
        self.questions += len(asked)
        await asyncio.gather(*(self._is_heard(self._answer(each)) for each in asked))

    def _answer(self, asked: DuplicateSuspected) -> Told:
        same = [each.credential_id for each in asked.held if _place(each.fields) == _place(asked.fields)]
        return answered(asked, min(same, default=None), self.told)


def _said(told: Told) -> Any:  # noqa: ANN401 - the fields of any event
    return told[2].get("fields") or _grant(told)["fields"]


def _place(fields: Any) -> str:  # noqa: ANN401 - of an event or a credential
    return str(fields["address"]).rstrip("栋")


@pytest.mark.parametrize("part", range(4))
async def test_whatever_is_said_at_once_each_document_is_one_valid_credential_and_no_approval_is_lost(
    part: int,
) -> None:
    conflicts = questions = 0
    for seed in range(part * 50, part * 50 + 50):
        street = _Street(seed)
        await street.happens()
        conflicts, questions = conflicts + street.conflicts, questions + street.questions
        day = today(street.office.clock())
        held = [each for each in street.office.documents.all.values() if each.current is not None]
        valid = [each for each in held if status_on(each, day) == "01"]
        said: dict[str, datetime] = {}
        for told in street.told:
            place, at = _place(_said(told)), NOW + timedelta(minutes=told[1])
            said[place] = max(said.get(place, at), at)
        assert Counter(_place(each.issues[-1].content.fields) for each in valid) == Counter(said.keys()), f"seed {seed}"
        for each in valid:
            assert each.issues[-1].said.at >= said[_place(each.issues[-1].content.fields)], f"seed {seed}: lost"
        for each in held:
            assert len({_place(issue.content.fields) for issue in each.issues}) == 1, f"seed {seed}: mixed"
    assert conflicts > 0, "nothing happened at once"
    assert questions > 0, "nobody was asked"
