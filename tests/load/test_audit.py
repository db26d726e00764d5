from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.load.audit import Verdict, audit
from tests.load.evidence import TOPOLOGY, Evidence, Told

APP = "app_1"
ANSWERED = "matcher.match-failed.v2"
APPROVED = "review-dispatch.review-approved.v1"
DOCUMENT = ("res_1", "household-register")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def told(id_: str, type_: str, *reviews: tuple[str, int]) -> Told:
    return Told(id_, type_, APP, frozenset(reviews), DOCUMENT, NOON if type_ == APPROVED else None)


EVENTS = (
    told("e1", "applications.application-submitted.v1"),
    told("e2", "applications.document-submitted.v2", ("work", 1)),
    told("e3", ANSWERED, ("work", 1)),
    told("e4", APPROVED),
    told("e5", "applications.field-check-requested.v1"),
    told("e6", "applications.application-approved.v1"),
)

SOUND = Evidence(
    applications={APP: {"state": "approved", "granted": {"document_type": "residence-permit"}}},
    decisions=frozenset({APP}),
    grants=Counter({APP: 1}),
    reviewed=Counter({APP: 1}),
    latest={DOCUMENT: NOON},
    tasks=Counter({(APP, "review", "work", 1): 1, (APP, "field-check", "", 1): 1}),
    told=EVENTS,
    inboxes={
        service: frozenset(e.id for e in EVENTS if service in TOPOLOGY.subscriptions.get(e.type, ()))
        for service in TOPOLOGY.services
    },
)


def judged(evidence: Evidence) -> Verdict:
    return audit(evidence, frozenset({APP}), TOPOLOGY)


def test_a_sound_run_has_lost_nothing_and_doubled_nothing() -> None:
    assert (judged(SOUND).lost, judged(SOUND).doubled) == ((), ())


def test_an_event_that_the_relay_repeated_has_not_happened_twice() -> None:
    assert judged(replace(SOUND, told=(*EVENTS, EVENTS[-1]))).doubled == ()


@pytest.mark.parametrize(
    ("broken", "finding"),
    [
        (replace(SOUND, applications={}), "not in the store"),
        (
            replace(SOUND, applications={APP: {"state": "in-progress", "granted": None}}, grants=Counter()),
            "in-progress",
        ),
        (replace(SOUND, decisions=frozenset()), "without a record of its decision"),
        (replace(SOUND, grants=Counter()), "granted credential app_1: 1 missing"),
        (replace(SOUND, reviewed=Counter()), "approved credential app_1: 1 missing"),
        (replace(SOUND, tasks=Counter({(APP, "review", "work", 1): 1})), "field-check"),
        (replace(SOUND, inboxes={**SOUND.inboxes, "matcher": frozenset()}), "e2: not handled by matcher"),
        (replace(SOUND, left={"matcher.dead-letters": 2}), "matcher.dead-letters: 2 left"),
    ],
)
def test_whatever_is_missing_is_lost(broken: Evidence, finding: str) -> None:
    assert any(finding in line for line in judged(broken).lost), judged(broken).lost


@pytest.mark.parametrize(
    ("broken", "finding"),
    [
        (replace(SOUND, grants=Counter({APP: 2})), "granted credential app_1: 1 too many"),
        (replace(SOUND, reviewed=Counter({APP: 2})), "approved credential app_1: 1 too many"),
        (replace(SOUND, tasks=SOUND.tasks + Counter({(APP, "review", "work", 1): 1})), "too many"),
        (
            replace(SOUND, told=(*EVENTS, told("e7", "applications.application-rejected.v1"))),
            "decision of app_1: 2 times",
        ),
    ],
)
def test_whatever_is_there_once_too_often_is_doubled(broken: Evidence, finding: str) -> None:
    assert any(finding in line for line in judged(broken).doubled), judged(broken).doubled


def test_an_approval_that_a_newer_word_on_the_document_overtook_is_not_lost() -> None:
    overtaken = replace(SOUND, reviewed=Counter(), latest={DOCUMENT: NOON + timedelta(seconds=1)})
    assert judged(overtaken).lost == ()


def test_a_failure_that_people_may_not_look_at_needs_no_task() -> None:
    refused = tuple(replace(e, reviews=frozenset()) if e.type == ANSWERED else e for e in EVENTS)
    without = Counter({(APP, "field-check", "", 1): 1})
    assert judged(replace(SOUND, told=refused, tasks=without)).lost == ()


def test_an_event_of_any_department_is_heard_by_whoever_listens_to_all_of_them() -> None:
    of_civil = told("e8", "civil.department-record-published.v1")
    assert judged(replace(SOUND, told=(*EVENTS, of_civil))).lost == (
        "civil.department-record-published.v1 e8: not handled by credential-store",
    )
