"""Any order and any repetition of a case's events ends in the same application, told of once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from applications import events, views
from applications.domain.application import Application
from applications.handlers import answers, credentials, lifecycle, people
from applications.handlers.dependencies import Deps
from bus.envelope import BrokenMessageError
from bus.event import Outcome, View
from services.applications.tests.office import (
    NOON,
    Office,
    decided,
    matched,
    mismatched,
    passed,
    resident_token,
    review,
    task_of,
    together,
)

STEPS = (
    events.ApplicationApproved,
    events.ApplicationRejected,
    events.FieldCheckRequested,
    events.DecisionRequested,
)

Handler = Callable[[Any, Deps], Awaitable[Outcome[None]]]


@dataclass(frozen=True)
class Message:
    """An event on its way."""

    handler: Handler
    data: View
    at: datetime


def timed(pairs: Sequence[tuple[Handler, View]]) -> list[Message]:
    """Give every event a moment of its own."""
    return [Message(handler, data, NOON + timedelta(seconds=n)) for n, (handler, data) in enumerate(pairs)]


def answers_to(application: Application, fates: dict[str, str]) -> list[tuple[Handler, View]]:
    """Return everything that the matcher and people say about the documents, in its natural order."""
    proven = [matched(application, key) for key, fate in fates.items() if fate == "matched"]
    failed = [
        mismatched(application, key, reviewable=fate != "automatic")
        for key, fate in fates.items()
        if fate not in ("matched", "silent")
    ]
    said: list[tuple[Handler, View]] = [
        *((answers.note_match, each) for each in together(proven)),
        *((answers.note_mismatch, each) for each in together(failed)),
    ]
    for key, fate in fates.items():
        if fate not in ("matched", "automatic", "silent"):
            said.append((answers.note_review_requested, task_of(application, key)))
            said.append((answers.note_escalation, escalation(application, key, "health-lead", date(2026, 11, 27))))
            said.append((answers.note_escalation, escalation(application, key, "district", date(2026, 11, 30))))
            said.append(reviewed(application, key, fate))
    return said


def escalation(application: Application, key: str, to: str, due: date) -> views.ReviewEscalated:
    return views.ReviewEscalated(
        task_id=task_of(application, key).task_id,
        kind="review",
        application_id=application.id,
        requirement=key,
        escalated_to=to,
        due_on=due,
    )


def reviewed(application: Application, key: str, verdict: str) -> tuple[Handler, View]:
    fields = review(application, key, verdict)
    if verdict == "approved":
        return answers.note_review_approved, views.ReviewApproved.model_validate(fields)
    if verdict == "rejected":
        return answers.note_review_rejected, views.ReviewRejected.model_validate(fields)
    return answers.note_review_returned, views.ReviewReturned.model_validate(fields)


async def outcome_of(
    application: Application, messages: Sequence[Message]
) -> tuple[dict[str, Any], Counter[str], Office]:
    """Deliver messages as the bus would, those that must wait again and again; return where it ended."""
    office = Office()
    office.applications.all[application.id] = application
    waiting = list(messages)
    for _ in range(len(messages) + 1):
        waiting = [m for m in waiting if not await office.hears(m.handler, m.data, at=m.at)]
    assert not [m for m in waiting if not isinstance(m.data, (views.DecisionMade, views.FieldCheckPassed))]
    ended = office.now(application.id).model_dump(exclude={"version"})
    told = Counter(type(event).__name__ for event in office.said if isinstance(event, STEPS))
    return ended, told, office


def shuffled(data: st.DataObject, messages: Sequence[Message]) -> list[Message]:
    again = data.draw(st.lists(st.sampled_from(messages), max_size=6)) if messages else []
    return data.draw(st.permutations([*messages, *again]))


async def check(application: Application, messages: Sequence[Message], data: st.DataObject) -> Office:
    straight, told, _ = await outcome_of(application, messages)
    crooked, told_then, office = await outcome_of(application, shuffled(data, messages))
    assert crooked == straight
    assert all(times == 1 for times in told_then.values())
    assert told_then == told
    decided = straight["state"] in ("approved", "rejected")
    assert (application.id in office.decisions.all) == decided
    return office


FATES = st.sampled_from(["matched", "matched", "approved", "rejected", "returned", "automatic", "silent"])


@given(data=st.data(), fates=st.tuples(FATES, FATES, FATES, FATES))
@settings(max_examples=120)
def test_documents_answered_in_any_order(data: st.DataObject, fates: tuple[str, ...]) -> None:
    async def run() -> None:
        office = Office()
        await office.knows_family()
        id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号"})
        application = office.now(id)
        keys = [asked.key for asked in application.asked]
        said = answers_to(application, dict(zip(keys, fates, strict=True)))
        await check(application, timed([*said, (answers.note_check_passed, passed(id))]), data)

    asyncio.run(run())


@given(data=st.data(), approved=st.booleans())
@settings(max_examples=60)
def test_late_answers_to_an_older_attempt_change_nothing(data: st.DataObject, *, approved: bool) -> None:
    async def run() -> None:
        office = Office()
        await office.knows_family()
        id = await office.enrols()
        first = office.now(id)
        handler, returned = reviewed(first, "birth-certificate", "returned")
        await office.hears(handler, returned, at=NOON)
        office.hands_in(id, "birth-certificate")
        await office.submits(id)
        second = office.now(id)
        late = answers_to(first, {"birth-certificate": "returned"})[:-1]
        rest = dict.fromkeys(["guardian-id-card", "vaccination", "housing", "status"], "matched")
        new = answers_to(second, {"birth-certificate": "approved", **rest})
        made = decided(id, approved=approved, reason="名额已满")
        ended = await check(second, timed([*late, *new, (answers.note_decision, made)]), data)
        assert ended.now(id).state == ("approved" if approved else "rejected")

    asyncio.run(run())


@given(data=st.data(), moment=st.integers(0, 8))
@settings(max_examples=60)
def test_a_final_state_is_never_left(data: st.DataObject, moment: int) -> None:
    """Withdrawn or decided, whichever comes first: nothing that arrives later changes it or is told."""

    async def run() -> None:
        office = Office()
        await office.knows_family()
        id = await office.files_tenancy()
        await office.confirms(id)
        application = office.now(id)
        messages = shuffled(
            data, timed(answers_to(application, dict.fromkeys([a.key for a in application.asked], "matched")))
        )
        for n, message in enumerate(messages):
            if n == moment and not office.now(id).is_final:
                await withdrawn(office, id)
            await office.hears(message.handler, message.data, at=message.at)
        final = [event for event in office.said if isinstance(event, (*STEPS[:2], events.ApplicationWithdrawn))]
        assert len(final) == 1
        assert office.now(id).is_final
        assert (office.now(id).state == "withdrawn") == isinstance(final[0], events.ApplicationWithdrawn)

    asyncio.run(run())


async def withdrawn(office: Office, id: str) -> None:
    office.commits(await lifecycle.withdraw(id, None, resident_token("newcomer"), office.deps, if_match=None))


@given(data=st.data())
@settings(max_examples=80)
def test_what_is_known_of_people_does_not_depend_on_the_order(data: st.DataObject) -> None:
    """Registered, renewed twice, suspended and reinstated; a guardianship that ended, and a second one."""
    details = {"resident_id": "r", "name": "李育成", "birth_date": date(1990, 1, 1), "community": "440309002002"}
    registered = views.IdRegistered(**details, holder_index="i", sex="male", address="甲", sequence=1)
    said: list[tuple[Handler, View]] = [
        (people.learn_resident, registered),
        (people.renew_resident, views.IdUpdated(**details, address="乙", sequence=2)),
        (people.suspend_resident, views.SuspensionChanged(resident_id="r", sequence=3)),
        (people.renew_resident, views.IdUpdated(**details, address="丙", sequence=4)),
        (people.reinstate_resident, views.SuspensionChanged(resident_id="r", sequence=5)),
        (people.suspend_resident, views.SuspensionChanged(resident_id="r", sequence=6)),
        (people.begin_guardianship, care("g1", 1)),
        (people.end_guardianship, care("g1", 2)),
        (people.begin_guardianship, care("g2", 1)),
        (people.learn_holdings, views.HoldingsChanged(resident_id="r", holdings=[held("id-card")], sequence=1)),
        (people.learn_holdings, views.HoldingsChanged(resident_id="r", holdings=[], sequence=2)),
    ]

    async def run() -> None:
        office = Office()
        waiting = shuffled(data, timed(said))
        for _ in range(len(waiting)):
            waiting = [m for m in waiting if not await office.hears(m.handler, m.data, at=m.at)]
        known = office.residents.all["r"]
        assert (known.address, known.suspended) == ("丙", True)
        assert office.guardianships.all["g:c"].active
        assert office.holdings.all["r"].holdings == ()
        with pytest.raises(BrokenMessageError, match="number"):  # what it leads to is never another resident's
            await office.hears(people.learn_resident, registered.model_copy(update={"resident_id": "thief"}))

    asyncio.run(run())


def care(id: str, sequence: int) -> views.GuardianshipChanged:
    return views.GuardianshipChanged(guardianship_id=id, guardian_id="g", child_id="c", sequence=sequence)


def held(document_type: str) -> views.HeldDocument:
    return views.HeldDocument(document_type=document_type, source="city-mirror", valid_until=None)


@given(data=st.data())
@settings(max_examples=60)
def test_the_credential_of_an_approval_is_known_whatever_came_first(data: st.DataObject) -> None:
    stored = {"credential_id": "crd_1", "document_type": "senior-card", "origin": "grant", "application_id": "app_1"}
    ended = {"credential_id": "crd_1", "document_type": "senior-card"}
    said: list[tuple[Handler, View]] = [
        (credentials.link_credential, views.CredentialStored(**stored, identifier="v1", sequence=1)),
        (credentials.note_suspended, views.CredentialEnded(**ended, identifier="v1", sequence=2)),
        (credentials.link_credential, views.CredentialStored(**stored, identifier="v2", sequence=3)),
        (credentials.note_revoked, views.CredentialEnded(**ended, identifier="v2", sequence=4)),
    ]

    async def run() -> None:
        office = Office()
        for message in shuffled(data, timed(said)):
            await office.hears(message.handler, message.data, at=message.at)
        known = await office.credentials.of_application("app_1")
        assert known is not None
        assert (known.identifier, known.status) == ("v2", "revoked")

    asyncio.run(run())


@given(data=st.data(), fates=st.tuples(FATES, FATES, FATES, FATES))
@settings(max_examples=60)
def test_what_is_said_again_days_later_leaves_no_line_in_the_timeline(
    data: st.DataObject, fates: tuple[str, ...]
) -> None:
    """As after a re-delivery: the same answers under other ids, or a mismatch of what was proven, in any order."""

    async def run() -> None:
        office = Office()
        await office.knows_family()
        id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号"})
        application = office.now(id)
        by_key = dict(zip([asked.key for asked in application.asked], fates, strict=True))
        messages = timed([*answers_to(application, by_key), (answers.note_check_passed, passed(id))])
        ended, _, office = await outcome_of(application, messages)
        told = len(office.said)

        answered = [key for key, fate in by_key.items() if fate != "silent"]
        lapsed = [(answers.note_mismatch, mismatched(application, key)) for key in answered]
        again = [each for each in messages if each.handler is not answers.note_escalation]
        late = [replace(each, at=each.at + timedelta(days=40)) for each in (*again, *timed(lapsed))]
        for message in data.draw(st.permutations(late)):
            await office.hears(message.handler, message.data, at=message.at)

        assert office.now(id).model_dump(exclude={"version"}) == ended
        assert len(office.said) == told

    asyncio.run(run())


async def test_a_proof_that_comes_by_a_redelivery_still_helps_what_is_open(office: Office) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号"})
    key = office.now(id).asked[0].key
    await office.hears(answers.note_mismatch, mismatched(office.now(id), key), at=NOON + timedelta(minutes=1))
    await office.hears(answers.note_match, matched(office.now(id), key), at=NOON + timedelta(days=1))
    assert office.now(id).asked[0].standing == "proven"
    assert [line.kind for line in office.now(id).history] == ["submitted", "not-matched", "matched"]
