"""By when it is done: one promise, never before its parts, provisional where the holidays are not known."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications import views
from applications.api.application_views import ApplicationSummary, ApplicationView
from applications.api.document_views import FailureReasonView
from applications.api.labels import Labels
from applications.api.progress import TimelineView
from applications.domain.application import Application, CaseQuestion, MatchResult, ReviewTask
from applications.domain.pending_steps import expected, pending_steps
from applications.domain.reasons import FailureReason, reasons_of
from applications.events import ApplicationSubmitted, DecisionRequested, DocumentSubmitted
from applications.handlers import answers
from applications.handlers.confirmations import last_day
from applications.handlers.queries import SeenApplication
from runtime.texts import Language, Texts
from services.applications.tests.office import CATALOGUE, Office, mismatched, review, task_of
from standards.working_days import Calendar

TEXTS = Texts.of("applications")
CALENDAR = Calendar.load()


def wording(language: Language = "zh-CN") -> Labels:
    return Labels(language, TEXTS, CATALOGUE, CALENDAR)


def shown(application: Application, language: Language = "zh-CN") -> ApplicationSummary:
    return ApplicationSummary.of(application, wording(language))


def timeline(application: Application, language: Language = "zh-CN") -> TimelineView:
    return TimelineView.of(SeenApplication(application, None, None, ()), wording(language))


def told(office: Office, id: str) -> date | None:
    """Return by when others must have done their part, as the last document was sent out."""
    return [event for event in office.events(DocumentSubmitted) if event.application_id == id][-1].due_on


async def test_the_promise_of_an_item_with_a_second_party_begins_with_their_confirmation(office: Office) -> None:
    id = await office.files_tenancy()
    before = shown(office.now(id))
    assert (before.due_on, before.due_text) == (None, "自出租人在线确认起，1个工作日内办结。")
    assert told(office, id) is None
    assert last_day(office.now(id)) == date(2026, 12, 23)
    office.later(timedelta(days=9))
    await office.confirms(id)
    after = shown(office.now(id))
    assert (after.due_on, after.due_text) == (date(2026, 12, 3), "承诺在2026年12月3日前办结。")
    assert told(office, id) == date(2026, 12, 3)


async def test_a_return_stops_the_promise_and_a_correction_begins_it_again(office: Office) -> None:
    id = await office.enrols()
    assert told(office, id) == shown(office.now(id)).due_on == date(2026, 12, 21)
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate"))
    returned = views.ReviewReturned.model_validate(review(office.now(id), "birth-certificate", "returned"))
    await office.hears(answers.note_review_returned, returned)
    waiting = shown(office.now(id), "en")
    assert (waiting.due_on, waiting.due_text) == (
        None,
        "It is decided within 20 working days, counted from the day on which you submit the correction.",
    )


async def test_what_an_officer_is_asked_is_asked_within_the_promise(office: Office) -> None:
    id = await office.enrols()
    office.later(timedelta(days=20))  # 13 December: ten working days would end after the promise
    await office.matches(id)
    [asked] = office.events(DecisionRequested)
    [submitted] = office.events(ApplicationSubmitted)
    assert asked.due_on == submitted.due_on == date(2026, 12, 21)


async def test_what_is_promised_at_once_hurries_nobody_who_has_to_look(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    assert told(office, id) is None
    assert shown(office.now(id)).due_on == date(2026, 11, 23)


async def test_when_a_part_is_due_later_the_whole_is_said_to_be_late(office: Office) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
    late = task_of(office.now(id), "photo").model_copy(update={"due_on": date(2026, 12, 2)})
    await office.hears(answers.note_review_requested, late)
    seen = shown(office.now(id))
    assert (seen.due_on, seen.due_text) == (
        date(2026, 12, 2),
        "原承诺在2026年11月30日前办结，现预计在2026年12月2日前办结。",
    )


@pytest.mark.parametrize(
    ("submitted", "item", "text"),
    [
        ((2026, 12, 3), "senior-allowance", "承诺在2026年12月10日前办结。"),
        ((2026, 12, 30), "senior-allowance", "承诺在2027年1月7日（暂定：2027年的节假日安排尚未公布）前办结。"),
        ((2031, 5, 6), "senior-allowance", "承诺在2031年5月13日（暂定：2031年的节假日安排尚未公布）前办结。"),
        ((2026, 12, 30), "residence-permit", "承诺在2027年1月6日前办结。"),  # days, not working days
    ],
)
async def test_a_promise_beyond_the_published_holidays_is_provisional(
    office: Office, submitted: tuple[int, int, int], item: str, text: str
) -> None:
    office.clock.now = datetime(*submitted, 4, tzinfo=UTC)
    elder = office.residents.all["senior"].model_copy(update={"birth_date": date(1940, 1, 1)})
    office.knows(elder)
    form = {"account_number": "1"} if item == "senior-allowance" else {"address": "梅龙路12号3栋501"}
    id = await office.applies(item, "senior" if item == "senior-allowance" else "newcomer", form=form)
    assert shown(office.now(id)).due_text == text


async def test_a_step_beyond_the_published_holidays_is_provisional_in_the_timeline_too(office: Office) -> None:
    id = await office.enrols()
    late = task_of(office.now(id), "birth-certificate").model_copy(update={"due_on": date(2027, 1, 5)})
    await office.hears(answers.note_review_requested, late)
    view = timeline(office.now(id), "en")
    [sent] = [each.text for each in view.happenings if each.kind == "sent-to-review"]
    provisional = "5 January 2027 (provisional: the holidays of 2027 have not been published yet)"
    [now] = [each.text for each in view.now if each.doing == "reviewing"]
    assert all(provisional in text for text in (sent, now, str(view.due_text)))


DAYS = st.dates(date(2026, 11, 1), date(2027, 3, 1))


@given(st.data())
def test_no_part_is_ever_due_after_the_whole(data: st.DataObject) -> None:
    application = data.draw(st.sampled_from(_applications()))
    asked = tuple(
        each.model_copy(
            update={
                "match": MatchResult(proven=False, document_type="id-card", reviewable=True),
                "task": ReviewTask(task_id=each.key, department="psb", document_type="id-card", due_on=data.draw(DAYS)),
            }
        )
        for each in application.asked
    )
    question = CaseQuestion(asked_at=application.created_at, due_on=data.draw(DAYS), department="edu")
    changed = application.model_copy(update={"asked": asked, "ruling": data.draw(st.none() | st.just(question))})
    whole = expected(changed)
    assert whole is not None
    parts = [where.due_on for where in pending_steps(changed) if where.due_on]
    assert whole.due_on is not None
    assert all(part <= whole.due_on for part in parts)
    assert (whole.kind == "late") == any(part > changed.due_on for part in parts if changed.due_on)


@cache
def _applications() -> tuple[Application, ...]:
    async def make() -> tuple[Application, ...]:
        office = Office()
        await office.knows_family()
        permit = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
        return office.now(await office.enrols()), office.now(permit)

    return asyncio.run(make())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_reason_of_a_rejection_comes_with_what_can_be_done(language: Language) -> None:
    codes = {key.removeprefix("reasons.") for key in TEXTS.keys(language) if key.startswith("reasons.")}
    assert codes == {key.removeprefix("actions.") for key in TEXTS.keys(language) if key.startswith("actions.")}
    application = _applications()[0]
    for code in codes:
        for kind in CATALOGUE.document_types.values():
            for field in kind.fields:
                view = FailureReasonView.of(
                    FailureReason(code, "status", kind.code, field, "印章不清"), application, wording(language)
                )
                assert len(view.action) > 10
                assert not any(key in view.action for key in (kind.code, "_", "{", "None"))


async def test_a_rejection_says_why_and_what_to_do_once_for_each(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    for key in ("id-card", "photo", "status"):
        failed = mismatched(office.now(id), key, reviewable=False, fields={"name": "different", "address": "different"})
        await office.hears(answers.note_mismatch, failed)
    application = office.now(id)
    assert application.state == "rejected"
    [text] = [each.text for each in timeline(application).happenings if each.kind == "rejected"]
    assert len(reasons_of(application)) == 6
    assert text.count("下一步") == 1
    assert all(view.action in text for view in ApplicationView.of(application, wording()).reasons)


async def test_what_is_granted_is_shown_with_the_names_of_its_fields(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    await office.matches(id)
    granted = ApplicationView.of(office.now(id), wording()).granted
    assert granted is not None
    assert [(each.field.name, each.value) for each in granted.labelled] == [
        ("姓名", "张伟"),
        ("证件编号", office.now(id).reference),
    ]
