"""Corrections in memory: asked for by whose data it is, refused where it makes no sense, and answered once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, Event, NotYet, Outcome, Received
from data_rights import views
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.correction import Correction, CorrectionWindow
from data_rights.events import CorrectionPermitted, CorrectionRequested
from data_rights.handlers import correction_requests, export_requests, people, queries
from data_rights.handlers.correction_requests import CorrectionInput
from data_rights.handlers.dependencies import Deps
from runtime.errors import Conflict, NotAllowed, NotFound, Refusal
from testkit.fakes import FakeClock, apply, received
from testkit.people import SigningPerson, signed_requests
from web.auth import Principal, Role
from web.reviewers import task_id

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
MOTHER = Principal("res_mother", Role.RESIDENT)
STRANGER = Principal("res_stranger", Role.RESIDENT)
CHILD = "res_child"
INDEXES = {MOTHER.subject: "1" * 64, STRANGER.subject: "2" * 64, CHILD: "3" * 64}
WRONG_NAME = CorrectionInput(
    "birth-certificate", "child_name", "李思源", "录入时写错了字", says="李思远", resident_id=CHILD
)
NUMBER = "440309199001010013"


@pytest.fixture
async def deps(deps_with: Callable[[Mapping[str, str]], Awaitable[Deps]]) -> Deps:
    deps = await deps_with(INDEXES)
    begun = views.GuardianshipChanged(guardianship_id="g", guardian_id="res_mother", child_id=CHILD, sequence=1)
    apply(await people.begin_guardianship(received(begun), deps))
    return deps


async def holds(deps: Deps, resident_id: str, credential_id: str = "crd_1", **changed: object) -> None:
    """Let the credential store have said that somebody holds a birth certificate that was approved."""
    said: dict[str, object] = {
        "credential_id": credential_id,
        "document_type": "birth-certificate",
        "identifier": "1.2…001.K",
        "holder": {"index": INDEXES[resident_id]},
        "origin": "review",
        "sequence": 1,
    }
    stored = views.CredentialStored.model_validate({**said, **changed})
    apply(await correction_requests.learn_credential(received(stored), deps))


Answered = Received[views.CorrectionAnswered]


async def asked(
    deps: Deps, asking: CorrectionInput = WRONG_NAME, by: Principal = MOTHER
) -> tuple[Correction, CorrectionRequested]:
    outcome = await correction_requests.ask(asking, by, deps)
    apply(outcome)
    (event,) = outcome.events
    assert isinstance(event, CorrectionRequested)
    assert outcome.result is not None
    return outcome.result, event


def answer(correction: Correction, value: str | None = "李思源") -> views.CorrectionAnswered:
    whose = next(each for each, index in INDEXES.items() if index == correction.holder)
    return views.CorrectionAnswered(
        correction_id=correction.id,
        holder=views.CorrectionHolder(resident_id=whose, index=correction.holder),
        document_type=correction.wrong.document_type,
        field=correction.wrong.field,
        result="corrected" if value else "refused",
        value=value,
        department="health",
        officers=["reviewer-9"],
        explanation="与原件核对",
        answered_at=NOW,
    )


async def test_a_guardian_asks_for_a_wards_value_and_the_department_that_keeps_it_is_told(deps: Deps) -> None:
    await holds(deps, CHILD)

    correction, event = await asked(deps)

    assert (event.correction_id, event.department) == (correction.id, "health")
    assert (event.holder.resident_id, event.holder.index) == (CHILD, INDEXES[CHILD])
    assert (event.credential_id, event.origin, event.says, event.should_say) == ("crd_1", "review", "李思远", "李思源")
    found = await queries.page_of(deps.corrections, CHILD, MOTHER, deps, before=None, limit=20)
    assert [(each.id, each.state, each.effect) for each in found] == [(correction.id, "open", "reissued")]


@pytest.mark.parametrize(
    ("changed", "what", "types"),
    [
        ({}, "credential", ["birth-certificate"]),
        (
            {"document_type": "vaccination-record", "field": "complete", "should_say": True},
            "evidence",
            ["vaccination-record"],
        ),
        ({"document_type": "registration", "field": "name"}, "registration", []),
    ],
)
async def test_what_a_guardian_asks_for_is_in_the_wards_record(
    deps: Deps, changed: dict[str, Any], what: str, types: list[str]
) -> None:
    await holds(deps, CHILD)
    await asked(deps, replace(WRONG_NAME, **changed))
    await asked(deps, replace(WRONG_NAME, resident_id=None), by=STRANGER)

    (entry,) = await queries.accesses(CHILD, ServiceRequest(), MOTHER, deps, before=None, limit=20)
    assert (entry.how, entry.what, entry.by.subject) == ("corrected", what, MOTHER.subject)
    assert [each.document_type for each in entry.documents] == types
    assert await queries.accesses(None, ServiceRequest(), STRANGER, deps, before=None, limit=20) == []


async def test_nobody_asks_for_or_reads_about_anybody_else(deps: Deps) -> None:
    correction, _ = await asked(deps)

    with pytest.raises(NotAllowed, match="not-your-data"):
        await correction_requests.ask(WRONG_NAME, STRANGER, deps)
    with pytest.raises(NotAllowed, match="not-your-data"):
        await correction_requests.find(correction.id, CHILD, STRANGER, deps)
    with pytest.raises(NotFound, match="correction-unknown"):
        await correction_requests.find(correction.id, None, STRANGER, deps)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"document_type": "driving-licence"}, "document-type-unknown"),
        ({"field": "colour"}, "field-unknown"),
        ({"document_type": "id-card", "field": "number"}, "field-unknown"),
        ({"should_say": " "}, "value-not-text"),
        ({"should_say": True}, "value-not-text"),
        ({"field": "birth_date", "should_say": "2020-02-30"}, "value-not-date"),
        ({"field": "parents", "should_say": "李育成"}, "value-not-names"),
        ({"document_type": "vaccination-record", "field": "complete", "should_say": "yes"}, "value-not-flag"),
        ({"document_type": "allowance-notice", "field": "monthly_amount", "should_say": -1}, "value-not-count"),
        ({"credential_id": "crd_none"}, "credential-unknown"),
        ({"credential_id": "crd_others"}, "credential-unknown"),
        ({"credential_id": "crd_own", "document_type": "vaccination-record"}, "credential-unknown"),
        ({"document_type": "registration", "field": "name", "credential_id": "crd_own"}, "credential-unknown"),
        ({"document_type": "registration", "field": "name", "should_say": "123!!"}, "name-other-character"),
        ({"document_type": "registration", "field": "name", "should_say": "李?"}, "name-unreadable-character"),
        ({"reason": f"我的号码是{NUMBER}。"}, "identity-number-in-text"),
        ({"should_say": NUMBER.lower()}, "identity-number-in-text"),
        ({"field": "parents", "should_say": ["李育成", NUMBER]}, "identity-number-in-text"),
    ],
)
async def test_what_makes_no_sense_is_refused(deps: Deps, changed: dict[str, Any], code: str) -> None:
    await holds(deps, CHILD, "crd_own")
    await holds(deps, STRANGER.subject, "crd_others")

    with pytest.raises(Refusal, match=code):
        await correction_requests.ask(replace(WRONG_NAME, **changed), MOTHER, deps)


async def test_one_who_holds_several_of_a_type_says_which(deps: Deps) -> None:
    await holds(deps, CHILD, "crd_1")
    await holds(deps, CHILD, "crd_2")

    with pytest.raises(Refusal, match="credential-not-named"):
        await correction_requests.ask(WRONG_NAME, MOTHER, deps)
    _, event = await asked(deps, replace(WRONG_NAME, credential_id="crd_2"))
    assert event.credential_id == "crd_2"


async def test_a_field_is_asked_for_again_only_when_it_was_answered_and_the_answer_stays(deps: Deps) -> None:
    first, _ = await asked(deps)
    with pytest.raises(Conflict, match="correction-asked-already"):
        await correction_requests.ask(WRONG_NAME, MOTHER, deps)
    await asked(deps, replace(WRONG_NAME, field="birth_date", should_say="2020-03-01"))

    apply(await correction_requests.note_answer(received(answer(first, None)), deps))
    late = await correction_requests.note_answer(received(answer(first)), deps)

    assert late is NOTHING
    read = await correction_requests.find(first.id, CHILD, MOTHER, deps)
    assert (read.state, read.answer and read.answer.value) == ("refused", None)
    second, _ = await asked(deps)
    assert (second.number, second.place) == (2, first.place)


async def test_an_answer_that_comes_before_its_request_waits(deps: Deps) -> None:
    correction = (await correction_requests.ask(WRONG_NAME, MOTHER, deps)).result
    assert correction is not None

    with pytest.raises(NotYet):
        await correction_requests.note_answer(received(answer(correction)), deps)


@pytest.mark.parametrize(
    ("asking", "origin", "effect"),
    [
        (WRONG_NAME, "grant", "reissued"),
        (WRONG_NAME, "department", "republished"),
        (WRONG_NAME, None, "republished"),
        (CorrectionInput("registration", "address", "民乐新村3栋502", "已搬家"), None, "at-window"),
        (CorrectionInput("id-card", "name", "李育诚", "写错了"), "identity", "at-window"),
    ],
)
async def test_how_a_value_becomes_right_depends_on_who_vouches_for_it(
    deps: Deps, asking: CorrectionInput, origin: str | None, effect: str
) -> None:
    if origin is not None:
        whose = asking.resident_id or MOTHER.subject
        await holds(deps, whose, document_type=asking.document_type, origin=origin)

    correction, _ = await asked(deps, asking)

    assert correction.effect == effect


NAME = CorrectionInput("registration", "name", "李育诚", "登记时写错了字")


async def approved(deps: Deps, asking: CorrectionInput = NAME) -> tuple[Correction, Sequence[Event]]:
    correction, _ = await asked(deps, asking)
    outcome = await correction_requests.note_answer(received(answer(correction, "李育诚")), deps)
    apply(outcome)
    return await correction_requests.find(correction.id, None, MOTHER, deps), outcome.events


async def test_an_approved_correction_of_the_registration_opens_one_change_at_a_window(deps: Deps) -> None:
    correction, (event,) = await approved(deps)

    assert isinstance(event, CorrectionPermitted)
    assert (event.correction_id, event.field, event.value) == (correction.id, "name", "李育诚")
    assert (event.holder.resident_id, event.holder.index) == (MOTHER.subject, INDEXES[MOTHER.subject])
    assert event.until == date(2026, 12, 24)
    assert correction.window == CorrectionWindow(until=date(2026, 12, 24))
    assert correction.window.state(date(2026, 12, 24)) == "open"
    assert correction.window.state(date(2026, 12, 25)) == "over"


async def test_so_does_that_of_the_card_that_the_registration_was_read_from(deps: Deps) -> None:
    await holds(deps, MOTHER.subject, document_type="id-card", origin="identity")
    _, (event,) = await approved(deps, replace(NAME, document_type="id-card"))
    assert isinstance(event, CorrectionPermitted)


async def test_an_answer_that_comes_twice_opens_nothing_more(deps: Deps) -> None:
    correction, _ = await approved(deps)
    assert await correction_requests.note_answer(received(answer(correction, "李玉成")), deps) is NOTHING


async def test_what_was_refused_or_changes_elsewhere_opens_no_window(deps: Deps) -> None:
    refused, _ = await asked(deps, NAME)
    outcome = await correction_requests.note_answer(received(answer(refused, None)), deps)
    apply(outcome)
    await holds(deps, CHILD)
    elsewhere, _ = await asked(deps)
    told = await correction_requests.note_answer(received(answer(elsewhere)), deps)
    apply(told)

    assert (*outcome.events, *told.events) == ()
    assert (await correction_requests.find(refused.id, None, MOTHER, deps)).window is None


def made(correction: Correction) -> views.RegistrationCorrected:
    return views.RegistrationCorrected(correction_id=correction.id, corrected_at=NOW)


async def test_the_change_at_the_window_is_noted_once(deps: Deps) -> None:
    correction, _ = await approved(deps)
    apply(await correction_requests.note_made(received(made(correction)), deps))
    assert await correction_requests.note_made(received(made(correction)), deps) is NOTHING
    read = await correction_requests.find(correction.id, None, MOTHER, deps)
    assert read.window is not None
    assert (read.window.made_at, read.window.state(date(2027, 6, 1))) == (NOW, "made")


async def test_a_change_that_comes_before_its_answer_waits(deps: Deps) -> None:
    correction, _ = await asked(deps, NAME)
    with pytest.raises(NotYet):
        await correction_requests.note_made(received(made(correction)), deps)


async def test_only_the_newest_news_of_a_credential_counts(deps: Deps) -> None:
    await holds(deps, CHILD, identifier="version 2", sequence=3)
    await holds(deps, CHILD, identifier="version 1", sequence=1)

    _, event = await asked(deps)

    assert event.identifier == "version 2"


async def test_lists_are_told_the_latest_first_and_stand_in_exports(deps: Deps) -> None:
    first, _ = await asked(deps)
    later = replace(deps, clock=FakeClock(NOW + timedelta(hours=1)))
    second, _ = await asked(later, replace(WRONG_NAME, field="certificate_number", should_say="O430123465"))

    (latest, _) = await queries.page_of(deps.corrections, CHILD, MOTHER, deps, before=None, limit=1)
    (older,) = await queries.page_of(deps.corrections, CHILD, MOTHER, deps, before=latest.order, limit=1)

    assert (latest.id, older.id) == (second.id, first.id)
    own = await export_requests.own(INDEXES[CHILD], deps)
    assert [each["wrong"]["should_say"] for each in own["corrections"]] == ["O430123465", "李思源"]


OFFICER = SigningPerson("reviewer-9", departments=["service-hall"])


def signed_answer(correction: Correction, body: Mapping[str, object], *, by: SigningPerson = OFFICER) -> Answered:
    path = f"/v1/tasks/{task_id(correction.id, 'correction')}/correction"
    said = answer(correction, "李育诚").model_dump() | {"signed_requests": [by.signed(path, body, at=NOW)]}
    return received(views.CorrectionAnswered.model_validate(said), type="review-dispatch.correction-answered.v1")


@pytest.fixture
def strict(deps: Deps) -> Deps:
    since = {"review-dispatch.correction-answered": date(2026, 11, 1)}
    return replace(deps, signed_requests=signed_requests(since, FakeClock(NOW)))


async def test_what_officers_signed_is_passed_on_to_the_window(strict: Deps) -> None:
    correction, _ = await asked(strict, NAME)
    event = signed_answer(correction, {"result": "corrected"})
    (permitted,) = (await correction_requests.note_answer(event, strict)).events
    assert isinstance(permitted, CorrectionPermitted)
    assert [each.model_dump() for each in permitted.signed_requests or ()] == [
        each.model_dump() for each in event.data.signed_requests or ()
    ]


@pytest.mark.parametrize(
    ("changed", "body", "by"),
    [
        ({"signed_requests": None}, {}, OFFICER),
        ({"signed_requests": []}, {}, OFFICER),
        ({}, {"result": "refused"}, OFFICER),
        ({}, {"result": "corrected"}, SigningPerson("reviewer-9", departments=["health"])),
        ({}, {"result": "corrected"}, SigningPerson("reviewer-8", departments=["service-hall"])),
        ({}, {"result": "corrected", "value": "王大明"}, OFFICER),
        ({"value": "王大明"}, {"result": "corrected"}, OFFICER),
        ({"field": "birth_date"}, {"result": "corrected"}, OFFICER),
        ({"holder": {"resident_id": CHILD, "index": INDEXES[CHILD]}}, {"result": "corrected"}, OFFICER),
    ],
)
async def test_review_dispatch_alone_corrects_nothing(
    strict: Deps, changed: Mapping[str, object], body: Mapping[str, object], by: SigningPerson
) -> None:
    correction, _ = await asked(strict, NAME)
    event = signed_answer(correction, body, by=by)
    event = replace(event, data=views.CorrectionAnswered.model_validate(event.data.model_dump() | dict(changed)))
    with pytest.raises(BrokenMessageError) as caught:
        await correction_requests.note_answer(event, strict)
    assert caught.value.reason == "not-signed-by-person"
    assert (await correction_requests.find(correction.id, None, MOTHER, strict)).state == "open"


async def test_what_was_asked_of_an_earlier_release_is_told_again_with_its_answer(deps: Deps) -> None:
    await holds(deps, CHILD)
    correction, first = await asked(deps)
    apply(Outcome(changes=[deps.corrections.save(correction.model_copy(update={"version": 1, "is_witnessed": False}))]))
    outcome = await correction_requests.note_answer(received(answer(correction)), deps)
    assert outcome.events == [first]
