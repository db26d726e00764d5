"""Human review of a document type: rehearsed, switched off by two officials, and back by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from secrets import token_hex
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications import views
from applications.api.labels import Labels
from applications.api.review_switches import SwitchView
from applications.domain.decided import Decided, DecidedProof, Reviewed
from applications.domain.review_switch import PROPOSAL_LASTS, Back, Heard, Review, ReviewSwitch
from applications.events import DocumentSubmitted, ReviewSwitched
from applications.handlers import lifecycle, review_switches
from applications.handlers.parties import NamedParty
from applications.store.decisions import DecisionStore
from applications.store.documents import INDEXES
from runtime.clock import utc_now
from runtime.errors import Conflict, NotFound, PreconditionFailed, Refusal
from runtime.texts import Texts
from services.applications.tests.office import ENROLMENT, NOON, Office, resident_token
from standards.working_days import Calendar
from store.repository import Database
from testkit.fixtures import make_collections
from testkit.other_committer import committing
from web.auth import Principal, Role

ANN, BEA = Principal("official-ann", Role.OFFICIAL), Principal("official-bea", Role.OFFICIAL)
KIND = "birth-certificate"
BACK = Back(days=30, disputes=5, overturned=2)


async def proposes(office: Office, review: Review = "automatic", by: Principal = ANN) -> None:
    said = await review_switches.propose(KIND, review, "镜像库已完整", by, office.deps, if_match=None)
    office.commits(said)


async def approves(office: Office, by: Principal = BEA) -> None:
    office.commits(await review_switches.approve(KIND, by, office.deps, if_match=None))


async def reviewable(office: Office) -> dict[str, bool]:
    """Submit an application; return which of its documents people may look at."""
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    outcome = await lifecycle.submit(id, resident_token("newcomer"), office.deps, if_match=None)
    [sent] = [each for each in outcome.events if isinstance(each, DocumentSubmitted)]
    return {each.requirement: each.reviewable for each in sent.documents}


async def disputes(office: Office, who: str, at: datetime) -> None:
    said = views.CorrectionRequested.model_validate(
        {"document_type": KIND, "holder": {"index": who}, "requested_at": at}
    )
    await office.hears(review_switches.note_dispute, said)


async def corrected(office: Office, who: str, result: str, at: datetime) -> None:
    said = views.CorrectionAnswered.model_validate(
        {
            "correction_id": "cor_1",
            "document_type": KIND,
            "holder": {"index": who},
            "result": result,
            "officers": ["health-7"],
            "answered_at": at,
        }
    )
    await office.hears(review_switches.note_answer, said)


async def test_two_officials_switch_it_for_the_next_submission_and_it_is_recorded(office: Office) -> None:
    assert (await reviewable(office))["birth-certificate"]
    await proposes(office)
    assert (await reviewable(office))["birth-certificate"]
    with pytest.raises(Conflict, match="review-needs-another-official"):
        await approves(office, ANN)
    await approves(office)
    now = await reviewable(office)
    assert (now["birth-certificate"], now["vaccination"]) == (False, True)
    (told,) = office.events(ReviewSwitched)
    assert (told.document_type, told.review, told.by, told.why) == (
        KIND, "automatic", ("official-ann", "official-bea"), "proposal",
    )  # fmt: skip
    switch = await office.deps.review_switches.get(KIND)
    assert switch is not None
    assert [(step.what, step.by) for step in switch.history] == [
        ("proposed", ("official-ann",)), ("switched", ("official-ann", "official-bea")),
    ]  # fmt: skip
    await proposes(office, "people", BEA)
    await approves(office, ANN)
    assert (await reviewable(office))["birth-certificate"]


async def test_what_nobody_reviews_can_not_be_declined_meanwhile(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    change = lifecycle.ApplicationChange({}, {"birth-certificate": {"c1": "decline"}})
    office.commits(await lifecycle.change(id, change, resident_token("newcomer"), office.deps, if_match=None))
    await proposes(office)
    await approves(office)
    with pytest.raises(Refusal, match="evidence-needed"):
        await lifecycle.submit(id, resident_token("newcomer"), office.deps, if_match=None)


async def test_what_waits_says_until_when(office: Office) -> None:
    await proposes(office)
    [found] = [each for each in await review_switches.every(office.deps) if each.document_type.code == KIND]
    wording = Labels("en", Texts.of("applications"), office.deps.catalogue, Calendar.load())
    shown = SwitchView.of(found, wording, BACK).proposal
    assert shown is not None
    assert (shown.by, shown.until - shown.at) == ("official-ann", PROPOSAL_LASTS)


async def test_a_proposal_is_one_at_a_time_can_be_dropped_and_ends(office: Office) -> None:
    with pytest.raises(Conflict, match="review-not-proposed"):
        await approves(office)
    with pytest.raises(Conflict, match="review-is-so-already"):
        await proposes(office, "people")
    await proposes(office)
    with pytest.raises(Conflict, match="review-proposed-already"):
        await proposes(office, by=BEA)
    with pytest.raises(PreconditionFailed):
        await review_switches.approve(KIND, BEA, office.deps, if_match=7)
    office.commits(await review_switches.reject(KIND, "暂缓", ANN, office.deps, if_match=None))
    await proposes(office)
    office.later(PROPOSAL_LASTS)
    with pytest.raises(Conflict, match="review-not-proposed"):
        await approves(office)
    with pytest.raises(NotFound, match="unknown-document-type"):
        await review_switches.rehearse("no-such", None, 5, office.deps)


@pytest.mark.parametrize(("kind", "most"), [("disputes", 5), ("overturned", 2)])
async def test_it_goes_back_by_itself_when_too_many_people_say_it_was_wrong(
    office: Office, kind: str, most: int
) -> None:
    await proposes(office)
    await approves(office)

    async def hears(who: str, at: datetime) -> None:
        if kind == "disputes":
            await disputes(office, who, at)
        else:
            await corrected(office, who, "refused", at)
            await corrected(office, who, "corrected", at)

    await hears("before", NOON - timedelta(days=1))  # before it was switched: nothing to do with it
    for n in range(most):
        await hears(f"p{n}", NOON)
        await hears(f"p{n}", NOON)  # the same person again is one person
    assert not (await reviewable(office))[KIND]
    await hears("one-more", NOON)
    assert (await reviewable(office))[KIND]
    back = office.events(ReviewSwitched)[-1]
    assert (back.review, back.why, back.by) == ("people", kind, ())
    await hears("late", NOON)
    assert len(office.events(ReviewSwitched)) == 2


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 90)), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_heard_of_does_not_matter(first: dict[int, int], dice: Random) -> None:
    events = [Heard(kind="overturned", index=str(who), at=NOON + timedelta(days=day)) for who, day in first.items()]
    dice.shuffle(events)
    switch = ReviewSwitch(id=KIND, review="automatic", since=NOON)
    for event in [*events, *events]:
        switch = switch.hearing(event, BACK, NOON + timedelta(days=91))
    days = sorted(first.values())
    expected = any(late - early <= BACK.days for early, late in zip(days, days[BACK.overturned :], strict=False))
    assert (switch.review == "people") == expected
    assert all(earlier.at <= later.at for earlier, later in pairwise(switch.history))


def decided(
    outcome: Literal["approved", "rejected"],
    source: str,
    verdict: Literal["approved", "rejected"] | None,
    *,
    days_ago: int = 1,
) -> Decided:
    reviews = [Reviewed(document_type=KIND, verdict=verdict, unequal=("parents",))] if verdict else []
    proofs = [DecidedProof(document_type=KIND, source=source, handed_in=False)] if source else []
    return Decided(
        id=f"app_{token_hex(4)}", item="school-enrolment", outcome=outcome,
        decided_at=utc_now() - timedelta(days=days_ago), decided_by="officer", automatic=False, seconds=1.0,
        proofs=tuple(proofs), reviews=tuple(reviews), masked_name="李**", masked_number="2026****",
    )  # fmt: skip


async def test_the_rehearsal_counts_the_decisions_kept_and_shows_who_would_have_been_refused(
    database: Database,
) -> None:
    await make_collections(database, INDEXES)
    store = DecisionStore(database)
    saved = decided("approved", "person", "approved")
    earlier = decided("approved", "person", None, days_ago=2)  # by a release that did not keep what people found
    others = [
        decided("approved", "city-mirror", None),
        decided("rejected", "", "rejected"),
        decided("approved", "person", "approved", days_ago=91),
    ]
    async with committing(database) as committer:
        await committer.commit([store.save(each) for each in (saved, earlier, *others)], [])
    since = utc_now() - timedelta(days=90)
    counted = await store.rehearsed(KIND, since)
    assert (counted.decided, counted.reviews, counted.approved_by_people, counted.refused_by_people) == (4, 3, 2, 1)
    cases = await store.proven_by_people(KIND, since, before=None, limit=5)
    assert [each.id for each in cases] == [saved.id, earlier.id]
    after = await store.proven_by_people(KIND, since, before=(cases[0].decided_at, cases[0].id), limit=5)
    assert [each.id for each in after] == [earlier.id]
    assert (await store.rehearsed("id-card", since)).decided == 0
