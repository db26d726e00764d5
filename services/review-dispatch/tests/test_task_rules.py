"""What may be done with a task, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from review_dispatch.api.reader import TaskReader
from review_dispatch.config import Settings, load_district
from review_dispatch.domain import claims, decisions, new_tasks
from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.escalation import escalate, is_due
from review_dispatch.domain.record import DocumentHolder, Value
from review_dispatch.domain.task import Cause, Comparison, DocumentReview, DoorCheck, Task, TaskApproval, task_id
from runtime.errors import Conflict, Refusal, Refusals
from web.auth import Principal, Role

Fields = dict[str, Value]
DISTRICT = load_district(Settings().data)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
BIRTH: Fields = {"child_name": "李思远", "birth_date": "2020-02-29", "certificate_number": "O430123456"}


def review(document_type: str = "birth-certificate", **claims: Value) -> Task:
    """A document that was sent to its department just now."""
    about = DocumentReview(
        requirement="birth",
        attempt=1,
        document_type=document_type,
        document_types=(document_type,),
        holder=DocumentHolder(resident_id="res_child", index="9f" * 32),
        comparison=(Comparison(field="child_name", result="missing", claimed="李思远"),),
        claims=claims or BIRTH,
        scans=(),
    )
    return new_tasks.review("app_1", "school-enrolment", about, None, district=DISTRICT, at=NOW)


def door_check(community: str = "440309002001") -> Task:
    """A door that somebody was asked to look at."""
    about = DoorCheck(applicant_name="李育成", address="民治街道民乐新村3栋502", community=community)
    return new_tasks.door_check("app_1", "residence-permit", about, date(2026, 11, 27), district=DISTRICT, at=NOW)


def approval(by: str = "wang", fields: Fields | None = None, *, valid_until: date | None = None) -> TaskApproval:
    """What a reviewer sends."""
    return TaskApproval(by=by, at=NOW, fields=dict(fields or {}), valid_until=valid_until, note=None)


def approve(task: Task, given: TaskApproval) -> Task:
    """Approve by the route that ships with the service."""
    assert task.document_type is not None
    return decisions.approve_document(task, given, DISTRICT.routes.of_document(task.document_type), today=TODAY)


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    """The key of what the caller is told."""
    return refused.value.code


def test_a_task_is_named_by_what_it_is_about() -> None:
    assert task_id("app_1", "review", "birth", 1) == review().id
    assert task_id("app_1", "review", "birth", 2) != review().id
    assert task_id("app_1", "field-check") == door_check().id


def test_a_claimed_task_cannot_be_claimed_by_somebody_else_who_is_told_who_has_it() -> None:
    taken = claims.claim(review(), "wang", NOW)
    assert taken.status == "claimed"
    with pytest.raises(Conflict) as refused:
        claims.claim(taken, "zhao", NOW)
    assert (code_of(refused), refused.value.params) == ("task-claimed-by-another", {"by": "wang"})


def test_claiming_again_changes_nothing() -> None:
    taken = claims.claim(review(), "wang", NOW)
    assert claims.claim(taken, "wang", NOW + timedelta(hours=1)) == taken


def test_a_task_given_back_is_open_for_everybody() -> None:
    back = claims.release(claims.claim(review(), "wang", NOW), "wang", NOW)
    assert (back.status, back.claim) == ("open", None)
    assert claims.claim(back, "zhao", NOW).claim is not None


def test_nobody_decides_what_nobody_has_claimed() -> None:
    with pytest.raises(Conflict) as refused:
        approve(review(), approval())
    assert code_of(refused) == "task-not-claimed"


@pytest.mark.parametrize(
    "decide",
    [
        lambda task: approve(task, approval("zhao")),
        lambda task: decisions.reject(task, "zhao", NOW, "看不清"),
        lambda task: decisions.send_back(task, "zhao", NOW, field="child_name", message="请核对"),
        lambda task: claims.release(task, "zhao", NOW),
    ],
)
def test_nobody_decides_on_somebody_elses_claim(decide: Callable[[Task], Task]) -> None:
    with pytest.raises(Conflict) as refused:
        decide(claims.claim(review(), "wang", NOW))
    assert code_of(refused) == "task-claimed-by-another"


def test_what_was_claimed_is_approved_as_the_reviewer_corrected_it() -> None:
    corrected: Fields = {"certificate_number": "O430999999", "parents": ["李育成"]}
    done = approve(claims.claim(review(), "wang", NOW), approval("wang", corrected))
    assert done.status == "approved"
    assert done.claim is None
    assert done.approvals[0].fields == BIRTH | corrected


def test_claims_for_another_document_type_of_the_group_are_left_out() -> None:
    housing = review("property-certificate", owner_name="陈伯", address="3栋502", tenant_name="李育成")
    first = approve(claims.claim(housing, "wang", NOW), approval())
    assert first.approvals[0].fields == {"owner_name": "陈伯", "address": "3栋502"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"shoe_size": "43"}, "approval-field-unknown"),
        ({"birth_date": "29.2.2020"}, "approval-field-not-date"),
        ({"child_name": " "}, "approval-field-not-text"),
        ({"parents": "李育成"}, "approval-field-not-names"),
    ],
)
def test_a_correction_must_be_a_field_of_the_document_and_of_its_kind(fields: Fields, code: str) -> None:
    with pytest.raises(Refusals) as refused:
        approve(claims.claim(review(), "wang", NOW), approval("wang", fields))
    assert [fault.code for fault in refused.value.refusals] == [code]
    assert refused.value.refusals[0].field == f"fields/{next(iter(fields))}"


def test_the_number_that_joins_records_is_never_entered() -> None:
    with pytest.raises(Refusals):
        approve(
            claims.claim(review("id-card", name="李育成", number="9f"), "wang", NOW),
            approval("wang", {"number": "44"}),
        )


def test_a_document_of_a_type_without_a_route_goes_to_the_service_hall_and_may_correct_what_was_compared() -> None:
    odd = review("fishing-licence", child_name="李思远", days=3)
    assert odd.department == "service-hall"
    done = approve(claims.claim(odd, "wang", NOW), approval("wang", {"child_name": "李思遠", "days": 4}))
    assert done.approvals[0].fields == {"child_name": "李思遠", "days": 4}


def test_an_end_of_validity_is_asked_for_where_it_stands_in_the_document() -> None:
    permit = claims.claim(review("residence-permit", name="李育成", address="3栋502"), "wang", NOW)
    with pytest.raises(Refusal) as refused:
        approve(permit, approval())
    assert (code_of(refused), refused.value.field) == ("valid-until-needed", "valid_until")
    assert approve(permit, approval(valid_until=date(2030, 1, 1))).approvals[0].valid_until == date(2030, 1, 1)


def test_a_tenancy_is_valid_to_the_end_of_its_own_term() -> None:
    record = review("rental-contract-record", tenant_name="李育成", address="3栋502", term_to="2027-10-31")
    done = approve(claims.claim(record, "wang", NOW), approval())
    assert done.approvals[0].valid_until == date(2027, 10, 31)


def test_the_end_that_the_reviewer_read_becomes_the_end_of_the_term() -> None:
    record = claims.claim(review("rental-contract-record", tenant_name="李育成"), "wang", NOW)
    done = approve(record, approval(valid_until=date(2027, 10, 31)))
    assert done.approvals[0].fields["term_to"] == "2027-10-31"


@pytest.mark.parametrize(
    ("document_type", "until", "code"),
    [
        ("birth-certificate", date(2030, 1, 1), "valid-until-not-asked"),
        ("vaccination-record", date(2026, 11, 22), "valid-until-passed"),
    ],
)
def test_an_end_of_validity_must_make_sense(document_type: str, until: date, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        approve(claims.claim(review(document_type), "wang", NOW), approval(valid_until=until))
    assert code_of(refused) == code


def test_two_different_people_review_what_asks_for_it() -> None:
    house = review("property-certificate", owner_name="陈伯", address="3栋502")
    first = approve(claims.claim(house, "wang", NOW), approval("wang", {"certificate_number": "粤2020"}))
    assert (first.status, first.claim) == ("awaiting-second", None)

    with pytest.raises(Conflict) as refused:
        claims.claim(first, "wang", NOW)
    assert code_of(refused) == "second-reviewer-is-first"
    with pytest.raises(Conflict) as refused:
        approve(first, approval("wang"))
    assert code_of(refused) == "second-reviewer-is-first"

    second = approve(claims.claim(first, "zhao", NOW), approval("zhao"))
    assert second.status == "approved"
    assert [each.by for each in second.approvals] == ["wang", "zhao"]
    assert second.approvals[-1].fields["certificate_number"] == "粤2020"


def test_a_second_reviewer_who_gives_it_back_leaves_the_first_approval() -> None:
    house = review("property-certificate", owner_name="陈伯")
    first = approve(claims.claim(house, "wang", NOW), approval("wang"))
    back = claims.release(claims.claim(first, "zhao", NOW), "zhao", NOW)
    assert (back.status, len(back.approvals)) == ("awaiting-second", 1)


def test_a_second_reviewer_may_reject() -> None:
    first = approve(claims.claim(review("property-certificate", owner_name="陈伯"), "wang", NOW), approval("wang"))
    assert decisions.reject(claims.claim(first, "zhao", NOW), "zhao", NOW, "权利人不符").status == "rejected"


def test_only_a_compared_field_or_the_scans_can_be_returned() -> None:
    taken = claims.claim(review(), "wang", NOW)
    with pytest.raises(Refusal) as refused:
        decisions.send_back(taken, "wang", NOW, field="shoe_size", message="请补正")
    assert refused.value.field == "field"
    assert refused.value.params["fields"] == "child_name, scans"
    assert decisions.send_back(taken, "wang", NOW, field="scans", message="请重拍").status == "returned"


def test_a_door_check_has_no_document_to_return() -> None:
    with pytest.raises(Refusal) as refused:
        decisions.send_back(claims.claim(door_check(), "grid", NOW), "grid", NOW, field="address", message="?")
    assert code_of(refused) == "return-needs-a-document"


@pytest.mark.parametrize("because", ["withdrawn", "rejected", "superseded"])
def test_what_is_void_is_not_decided_any_more_and_says_why(because: Cause) -> None:
    void = cancel(claims.claim(review(), "wang", NOW), because, NOW)
    with pytest.raises(Conflict) as refused:
        approve(void, approval())
    assert code_of(refused) == f"task-cancelled-{because}"


def test_what_is_decided_stays_decided() -> None:
    done = approve(claims.claim(review(), "wang", NOW), approval())
    assert cancel(done, "withdrawn", NOW) == done
    with pytest.raises(Conflict) as refused:
        decisions.reject(done, "wang", NOW, "?")
    assert code_of(refused) == "task-already-approved"


def test_every_step_says_who_did_what_when_and_where() -> None:
    task = claims.write_note(claims.claim(review(), "wang", NOW), "wang", NOW, "已致电医院")
    task = decisions.reject(task, "wang", NOW + timedelta(hours=1), "查无此证")
    assert [(step.action, step.by, step.note) for step in task.steps] == [
        ("requested", None, None),
        ("claimed", "wang", None),
        ("noted", "wang", "已致电医院"),
        ("rejected", "wang", "查无此证"),
    ]
    assert {step.department for step in task.steps} == {"health"}


def test_the_deadline_is_counted_in_working_days() -> None:
    assert review().due_on == date(2026, 11, 26)
    friday = review().model_copy(update={"due_on": DISTRICT.due(date(2026, 9, 30), 3)})
    assert friday.due_on == date(2026, 10, 10)


@pytest.mark.parametrize(
    ("promised", "due"),
    [
        (None, date(2026, 11, 26)),
        (date(2026, 11, 24), date(2026, 11, 24)),
        (date(2026, 11, 23), date(2026, 11, 23)),
        (date(2026, 12, 9), date(2026, 11, 26)),
        (date(2026, 11, 22), date(2026, 11, 26)),  # has passed: nobody could keep it any more
    ],
)
def test_a_review_is_due_in_time_for_what_is_promised_to_the_applicant(promised: date | None, due: date) -> None:
    assert DISTRICT.due(TODAY, 3, promised=promised) == due


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2026, 12, 31), ("2026年12月31日", "31 December 2026")),
        (
            date(2027, 1, 4),
            (
                "2027年1月4日（暂定：2027年的节假日安排尚未公布）",
                "4 January 2027 (provisional: the holidays of 2027 have not been published yet)",
            ),
        ),
    ],
)
def test_a_deadline_beyond_the_published_holidays_is_told_as_provisional(day: date, told: tuple[str, str]) -> None:
    by = Principal("wang", Role.REVIEWER)
    readers = [TaskReader(by, language, DISTRICT, TODAY) for language in ("zh-CN", "en")]
    assert tuple(reader.due(day) for reader in readers) == told


def test_an_overdue_task_goes_up_level_by_level_and_then_stays() -> None:
    late = date(2026, 11, 27)
    task = claims.claim(review(), "wang", NOW)
    assert not is_due(task, date(2026, 11, 26))
    assert is_due(task, late)

    once = escalate(task, DISTRICT, today=late, at=NOW)
    assert (once.department, once.home, once.status, once.claim) == ("health-lead", "health", "open", None)
    assert once.due_on == date(2026, 12, 1)
    assert not is_due(once, late)

    twice = escalate(once, DISTRICT, today=date(2026, 12, 2), at=NOW)
    assert (twice.department, twice.escalates_after) == ("district-supervision", None)
    assert not is_due(twice, date(2027, 6, 1))
    assert twice.is_overdue(date(2027, 6, 1))


def test_an_escalated_second_review_keeps_the_first_approval() -> None:
    first = approve(claims.claim(review("property-certificate", owner_name="陈伯"), "wang", NOW), approval("wang"))
    up = escalate(first, DISTRICT, today=date(2026, 12, 7), at=NOW)
    assert (up.status, up.department, len(up.approvals)) == ("awaiting-second", "land-lead", 1)


def test_an_overdue_door_check_goes_to_the_office_of_its_sub_district() -> None:
    assert [level.to for level in door_check().escalation] == ["office-minzhi", "district-supervision"]


def test_a_door_in_an_unknown_sub_district_goes_straight_to_the_district() -> None:
    assert [level.to for level in door_check("440305001001").escalation] == ["district-supervision"]
