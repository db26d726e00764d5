"""What is published of decisions, by each item's own policy."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from applications.api.item_views import ServiceItemView
from applications.api.labels import Labels
from applications.api.notices import NoticeView
from applications.domain.catalogue import Catalogue
from applications.domain.item import NoticePolicy, ServiceItem
from applications.handlers import answers, queries
from runtime.texts import Texts
from services.applications.tests.office import CATALOGUE, NOON, Office, mismatched
from standards.working_days import Calendar


def with_policy(policy: NoticePolicy) -> Catalogue:
    item = CATALOGUE.item("senior-card").model_copy(update={"notices": policy})
    return Catalogue({**CATALOGUE.items, item.code: item}, CATALOGUE.document_types, CATALOGUE.departments)


async def decides(policy: NoticePolicy) -> Office:
    """Have five approved and five rejected under a policy, and look on the next day."""
    office = Office(catalogue=with_policy(policy))
    await office.knows_family()
    for _ in range(5):
        await office.matches(await office.applies("senior-card", "senior"))
    office.later(timedelta(minutes=1))
    for _ in range(5):
        refused = await office.applies("senior-card", "senior")
        for key in ("id-card", "photo", "status"):
            await office.hears(answers.note_mismatch, mismatched(office.now(refused), key, reviewable=False))
    office.later(timedelta(days=1))
    return office


async def noticed(office: Office, catalogue: Catalogue) -> list[str]:
    """Return the outcomes that are published on the next day when the catalogue is another one."""
    later = Office(catalogue=catalogue, clock=office.clock)
    later.decisions.all = office.decisions.all
    return [each.outcome for each in await queries.notices(later.deps, month=None, before=None, limit=99)]


SHOWN: dict[NoticePolicy, list[str]] = {
    "nothing": [],
    "approvals": ["approved"] * 5,
    "all": ["rejected"] * 5 + ["approved"] * 5,
}


@pytest.mark.parametrize("then", get_args(NoticePolicy))
@pytest.mark.parametrize("now", get_args(NoticePolicy))
async def test_a_decision_is_published_where_the_policy_then_and_the_policy_now_say_so(
    then: NoticePolicy, now: NoticePolicy
) -> None:
    office = await decides(then)
    expected = [outcome for outcome in SHOWN[then] if outcome in SHOWN[now]]
    assert await noticed(office, with_policy(now)) == expected


async def test_decisions_are_published_by_day_as_many_as_are_told_and_without_their_item() -> None:
    office = await decides("all")
    await office.matches(await office.applies("senior-card", "senior"))
    assert len(await noticed(office, with_policy("all"))) == 10  # not before tomorrow
    office.later(timedelta(days=1))
    assert len(await noticed(office, with_policy("all"))) == 10  # not before there are five more
    first = await queries.notices(office.deps, month=None, before=None, limit=4)
    rest = await queries.notices(office.deps, month=None, before=(first[-1].decided_at, first[-1].id), limit=99)
    assert len({each.id for each in (*first, *rest)}) == 10
    wording = Labels("en", Texts.of("applications"), CATALOGUE, Calendar.load())
    shown = NoticeView.of(first[0], wording).model_dump(mode="json")
    assert set(shown) == {"applicant", "number", "outcome", "outcome_name", "decided_on"}
    assert shown["decided_on"] == "2026-11-23"


async def test_of_an_item_that_is_gone_nothing_is_published() -> None:
    office = await decides("all")
    left: dict[str, ServiceItem] = {code: item for code, item in CATALOGUE.items.items() if code != "senior-card"}
    gone = Catalogue(left, CATALOGUE.document_types, CATALOGUE.departments)
    assert await noticed(office, gone) == []


async def test_whether_the_promise_was_kept_is_kept_with_the_decision() -> None:
    office = Office()
    await office.knows_family()
    early, late = await office.applies("senior-card", "senior"), await office.applies("senior-card", "senior")
    await office.matches(early)
    office.later(timedelta(days=1))
    await office.matches(late)
    assert [office.decisions.all[each].in_time for each in (early, late)] == [True, False]
    assert office.now(early).due_on == NOON.date()


@pytest.mark.parametrize("policy", get_args(NoticePolicy))
def test_who_thinks_of_applying_reads_what_will_be_published(policy: NoticePolicy) -> None:
    wording = Labels("en", Texts.of("applications"), CATALOGUE, Calendar.load())
    shown = ServiceItemView.of(with_policy(policy).item("senior-card"), wording).notices
    assert shown.policy == policy
    assert "published" in shown.text
