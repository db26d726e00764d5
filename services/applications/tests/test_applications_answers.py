"""From the submission to the decision, answer by answer."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from applications import events, views
from applications.domain.pending_steps import pending_steps
from applications.handlers import answers, confirmations, lifecycle, people
from runtime.errors import Conflict, NotAllowed, NotFound
from services.applications.tests.office import (
    Office,
    decided,
    matched,
    mismatched,
    passed,
    resident,
    resident_token,
    review,
    task_of,
)


async def test_a_submission_asks_for_the_applicants_documents_and_the_confirmation_for_the_landlords(
    office: Office,
) -> None:
    id = await office.files_tenancy()
    assert {event.requirement for event in office.sent()} == {"tenant-id-card"}
    await office.confirms(id)
    (submitted,) = office.events(events.ApplicationSubmitted)
    asked = {event.requirement: event for event in office.sent()}
    assert (submitted.application_id, submitted.due_on, submitted.attempt) == (id, date(2026, 11, 24), 1)
    assert set(asked) == {"tenant-id-card", "landlord-id-card", "landlord-property"}
    assert asked["landlord-property"].claims == {"owner_name": "陈桂英", "address": office.now(id).form["address"]}
    assert asked["landlord-id-card"].holder.resident_id == "landlord"
    assert asked["tenant-id-card"].claims["birth_date"] == "1990-01-01"
    assert asked["tenant-id-card"].reviewable


async def test_a_tenancy_is_granted_when_all_is_proven_and_the_landlord_has_confirmed(office: Office) -> None:
    id = await office.files_tenancy()
    await office.matches(id, "tenant-id-card")
    assert office.now(id).state == "in-progress"
    assert [where.doing for where in pending_steps(office.now(id))] == ["confirming"]
    await office.confirms(id)
    await office.matches(id, "landlord-id-card", "landlord-property")
    (approved,) = office.events(events.ApplicationApproved)
    assert office.now(id).state == "approved"
    assert approved.decided_by == "automatic"
    assert approved.grant is not None
    assert approved.grant.fields["landlord_name"] == "陈桂英"
    assert approved.grant.fields["record_number"] == office.now(id).reference
    assert approved.grant.valid_until == date(2028, 11, 30)
    assert office.decisions.all[id].automatic


async def test_the_landlord_may_confirm_before_the_matcher_answers(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    await office.matches(id)
    assert office.now(id).state == "approved"


async def test_a_landlord_who_registers_later_finds_the_tenancy_waiting(office: Office) -> None:
    landlord = office.residents.all.pop("landlord")
    id = await office.files_tenancy()
    office.residents.all["landlord"] = landlord
    shown = await confirmations.waiting_for(None, resident_token("landlord"), office.deps, before=None, limit=5)
    assert [each.application.id for each in shown.result or []] == [id]
    await office.confirms(id)
    await office.matches(id)
    assert office.now(id).state == "approved"


async def test_what_nobody_confirms_in_time_ends_whoever_was_named(office: Office) -> None:
    with_landlord = await office.files_tenancy()
    del office.residents.all["landlord"]
    with_nobody = await office.files_tenancy()
    for outcome in await confirmations.give_up_waiting(office.deps):
        office.commits(outcome)
    assert office.now(with_landlord).state == office.now(with_nobody).state == "in-progress"
    office.later(confirmations.LONGEST_WAIT + timedelta(days=1))
    for outcome in await confirmations.give_up_waiting(office.deps):
        office.commits(outcome)
    rejected = office.events(events.ApplicationRejected)
    assert {event.application_id for event in rejected} == {with_landlord, with_nobody}
    assert {reason.code for event in rejected for reason in event.reasons} == {"second-party-unanswered"}


async def test_a_landlord_who_declines_ends_it(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id, agrees=False)
    (rejected,) = office.events(events.ApplicationRejected)
    assert [reason.code for reason in rejected.reasons] == ["second-party-declined"]


async def test_nobody_but_the_second_party_confirms_and_only_once(office: Office) -> None:
    id = await office.files_tenancy()
    with pytest.raises(NotFound):
        await office.confirms(id, by="senior")
    await office.confirms(id)
    with pytest.raises(Conflict, match="already-confirmed"):
        await office.confirms(id)


async def test_a_residence_permit_waits_for_the_grid_officer(office: Office) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
    await office.matches(id)
    (check,) = office.events(events.FieldCheckRequested)
    assert (check.address, check.community, check.due_on) == ("梅龙路12号3栋501", "440309002002", date(2026, 11, 26))
    assert [(where.doing, where.due_on) for where in pending_steps(office.now(id))] == [
        ("checking", date(2026, 11, 26))
    ]
    await office.hears(answers.note_check_passed, passed(id))
    (approved,) = office.events(events.ApplicationApproved)
    assert approved.decided_by == "officer"
    assert approved.grant is not None
    assert (approved.grant.valid_from, approved.grant.valid_until) == (date(2026, 11, 23), date(2036, 11, 23))
    assert not office.decisions.all[id].automatic


async def test_what_the_grid_officer_can_not_confirm_is_rejected_with_what_was_found(office: Office) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": "梅龙路12号3栋501"})
    await office.matches(id)
    await office.hears(
        answers.note_check_failed,
        views.FieldCheckFailed(application_id=id, community="440309002002", officer="grid-1", reason="无人居住"),
    )
    (rejected,) = office.events(events.ApplicationRejected)
    assert [(reason.code, reason.text) for reason in rejected.reasons] == [("field-check-failed", "无人居住")]


async def test_a_school_place_is_decided_by_an_officer_after_a_review(office: Office) -> None:
    id = await office.enrols()
    application = office.now(id)
    await office.hears(answers.note_mismatch, mismatched(application, "birth-certificate"))
    await office.hears(answers.note_review_requested, task_of(application, "birth-certificate"))
    await office.matches(id, "guardian-id-card", "vaccination", "housing", "status")
    assert [(w.doing, w.department) for w in pending_steps(office.now(id))] == [("reviewing", "health")]
    said = views.ReviewApproved.model_validate(review(application, "birth-certificate", "approved"))
    await office.hears(answers.note_review_approved, said)
    (asked,) = office.events(events.DecisionRequested)
    assert (asked.department, asked.subject_name) == ("edu", "李小雨")
    sources = {proven.requirement: proven.source for proven in asked.proven}
    assert (sources["birth-certificate"], sources["vaccination"]) == ("person", "city-mirror")
    decision = decided(id, approved=True)
    await office.hears(answers.note_decision, decision)
    (approved,) = office.events(events.ApplicationApproved)
    assert approved.grant is not None
    assert approved.grant.holder.resident_id == "child"
    assert approved.grant.fields == {"child_name": "李小雨", "school_year": "2027-2028"}
    assert (approved.grant.valid_from, approved.grant.valid_until) == (date(2027, 9, 1), date(2028, 8, 31))


async def test_a_senior_card_is_rejected_at_once_with_all_reasons_together(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    assert not any(event.reviewable for event in office.sent())
    application = office.now(id)
    revoked = mismatched(
        application, "status", reviewable=False, fields={"holder_name": "revoked", "address": "revoked"}
    )
    await office.hears(answers.note_mismatch, revoked)
    await office.matches(id, "id-card")
    assert office.now(id).state == "in-progress"
    await office.hears(answers.note_mismatch, mismatched(application, "photo", reviewable=False))
    (rejected,) = office.events(events.ApplicationRejected)
    assert rejected.decided_by == "automatic"
    assert [(reason.code, reason.document_type) for reason in rejected.reasons] == [
        ("record-missing", "portrait-photo"),
        ("record-revoked", "household-register"),
    ]


async def test_the_allowance_grows_with_age(office: Office) -> None:
    office.knows(resident("old", born=date(1930, 1, 1), address="深圳市龙华区1号"))
    id = await office.applies("senior-allowance", "old", form={"account_number": "62170012"})
    await office.matches(id)
    (approved,) = office.events(events.ApplicationApproved)
    assert approved.grant is not None
    assert approved.grant.fields["monthly_amount"] == 300
    assert approved.grant.valid_until == date(2027, 11, 23)


async def test_a_return_is_corrected_and_only_what_is_not_proven_is_asked_again(office: Office) -> None:
    id = await office.enrols()
    application = office.now(id)
    await office.matches(id, "guardian-id-card", "vaccination", "housing", "status")
    await office.hears(answers.note_mismatch, mismatched(application, "birth-certificate"))
    said = views.ReviewReturned.model_validate(review(application, "birth-certificate", "returned"))
    await office.hears(answers.note_review_returned, said)
    assert office.now(id).state == "returned"
    (returned,) = office.events(events.ApplicationReturned)
    assert (returned.field, returned.message) == ("child_name", "请上传清晰的扫描件")
    office.said.clear()
    office.hands_in(id, "birth-certificate")
    await office.submits(id)
    assert [(e.requirement, e.attempt) for e in office.sent()] == [("birth-certificate", 2)]
    await office.matches(id, "birth-certificate", source="district-store")
    assert office.events(events.DecisionRequested)


async def test_a_proof_is_worth_nothing_for_an_address_that_was_changed_after_it(office: Office) -> None:
    id = await office.enrols()
    application = office.now(id)
    await office.matches(id, "guardian-id-card", "vaccination", "housing", "status")
    said = views.ReviewReturned.model_validate(review(application, "birth-certificate", "returned"))
    await office.hears(answers.note_review_returned, said)
    office.hands_in(id, "birth-certificate")
    by, form = resident_token("newcomer"), {"address": "别处1号"}
    office.commits(await lifecycle.change(id, lifecycle.ApplicationChange(form), by, office.deps, if_match=None))
    office.said.clear()
    await office.submits(id)
    asked = {event.requirement for event in office.sent()}
    assert asked == {"birth-certificate", "housing"}
    assert await office.hears(answers.note_match, matched(application, "housing"))
    standing = office.now(id).asked_for("housing")
    assert standing is not None
    assert standing.standing == "waiting"  # the answer was to the old address


async def test_a_confirmation_ends_with_the_form_that_was_confirmed(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    application = office.now(id)
    said = views.ReviewReturned.model_validate(review(application, "landlord-property", "returned"))
    await office.hears(answers.note_review_returned, said)
    office.hands_in(id, "landlord-property")
    by = resident_token("newcomer")
    office.commits(
        await lifecycle.change(
            id, lifecycle.ApplicationChange({"term_to": "2036-11-30"}), by, office.deps, if_match=None
        )
    )
    await office.submits(id)
    assert office.now(id).awaits_confirmation


async def test_a_double_submission_is_refused(office: Office) -> None:
    id = await office.files_tenancy()
    with pytest.raises(Conflict, match="already-submitted"):
        await office.submits(id)


async def test_nothing_moves_after_a_withdrawal(office: Office) -> None:
    id = await office.files_tenancy()
    by = resident_token("newcomer")
    office.commits(await lifecycle.withdraw(id, "暂不办理", by, office.deps, if_match=None))
    assert [event.reason for event in office.events(events.ApplicationWithdrawn)] == ["暂不办理"]
    await office.matches(id)
    with pytest.raises(Conflict, match="already-decided"):
        await office.confirms(id)
    with pytest.raises(Conflict, match="already-decided"):
        await lifecycle.withdraw(id, None, by, office.deps, if_match=None)
    assert office.now(id).state == "withdrawn"
    assert not office.events(events.ApplicationApproved)


async def test_a_withdrawn_draft_is_told_to_nobody(office: Office) -> None:
    id = await office.drafts("senior-card", "senior")
    office.commits(await lifecycle.withdraw(id, None, resident_token("senior"), office.deps, if_match=None))
    assert office.now(id).state == "withdrawn"
    assert not office.said


async def test_an_overdue_task_is_with_whoever_it_was_escalated_to(office: Office) -> None:
    id = await office.enrols()
    application = office.now(id)
    for due, to in ((date(2026, 11, 28), "district-supervision"), (date(2026, 11, 27), "health-lead")):
        escalated = views.ReviewEscalated(
            task_id="task-birth-certificate-1",
            kind="review",
            application_id=id,
            requirement="birth-certificate",
            escalated_to=to,
            due_on=due,
        )
        await office.hears(answers.note_escalation, escalated)
    await office.hears(answers.note_review_requested, task_of(application, "birth-certificate"))
    (with_people,) = [where for where in pending_steps(office.now(id)) if where.doing == "reviewing"]
    assert (with_people.department, with_people.due_on) == ("district-supervision", date(2026, 11, 28))


async def test_an_answer_to_a_question_that_was_not_asked_waits(office: Office) -> None:
    id = await office.enrols()
    decision = decided(id, approved=True)
    assert not await office.hears(answers.note_decision, decision)
    unknown = passed("app_unknown")
    assert not await office.hears(answers.note_check_passed, unknown)


async def test_the_promise_counts_working_days(office: Office) -> None:
    office.later(timedelta(days=4))  # a Friday
    id = await office.files_tenancy()
    assert office.now(id).due_on == date(2026, 11, 30)


async def test_somebody_else_s_application_does_not_exist(office: Office) -> None:
    id = await office.files_tenancy()
    with pytest.raises(NotFound, match="unknown-application"):
        await lifecycle.withdraw(id, None, resident_token("senior"), office.deps, if_match=None)


async def test_a_suspended_landlord_can_not_confirm(office: Office) -> None:
    id = await office.files_tenancy()
    await office.hears(people.suspend_resident, views.SuspensionChanged(resident_id="landlord", sequence=2))
    with pytest.raises(NotAllowed, match="suspended-person"):
        await office.confirms(id)
