"""What everybody may know of how well the district does, and what nobody may work out from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from applications.api.labels import Labels
from applications.domain.catalogue import Catalogue
from applications.domain.decided import Decided
from applications.domain.statistics import ItemFigures, Month, MonthFigures
from applications.open_statistics import use_cases
from applications.open_statistics.api import OpenStatisticsView
from bus.event import Outcome
from runtime.errors import Refusal
from runtime.texts import Language, Texts
from services.applications.tests.office import CATALOGUE, NOON, Office
from standards.working_days import Calendar
from testkit.fakes import apply

LAST_MINUTE = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
"""23:59 on 22 November in Shenzhen."""


def keep(office: Office, number: int, *, at: datetime = LAST_MINUTE, item: str = "senior-card", **more: object) -> None:
    for _ in range(number):
        values = {
            "id": f"app_{len(office.decisions.all)}",
            "item": item,
            "outcome": "approved",
            "decided_at": at,
            "decided_by": "automatic",
            "automatic": True,
            "seconds": 1.0,
            "proofs": (),
            "masked_name": "张*",
            "masked_number": "2*1",
            "in_time": True,
        }
        apply(Outcome(changes=[office.decisions.save(Decided.model_validate(values | more))]))


def shown(month: MonthFigures, language: Language = "en") -> OpenStatisticsView:
    return OpenStatisticsView.of(month, Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load()))


async def of_month(office: Office, first: date | None = None) -> OpenStatisticsView:
    return shown(await use_cases.month(first, office.deps))


async def test_the_running_month_is_told_up_to_yesterday(office: Office) -> None:
    keep(office, 12, score=5, rated_at=LAST_MINUTE)
    keep(office, 8, automatic=False, in_time=False, score=2, rated_at=LAST_MINUTE)
    keep(office, 5, score=5, rated_at=NOON)  # said today
    keep(office, 5, at=LAST_MINUTE + timedelta(minutes=1))  # decided today
    keep(office, 5, at=datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
    found = await of_month(office)
    (card,) = found.items
    assert (found.month, found.first, found.last) == ("2026-11", date(2026, 11, 1), date(2026, 11, 22))
    assert (card.cases, card.without_people.share, card.satisfied.of) == (20, 0.75, 15)
    assert (card.satisfied.share, card.promise_kept.share, card.suppressed) == (0.67, 0.75, False)
    assert card.text == (
        "Senior card: 20 decided; without people: 75%; satisfied: 67% (of 15 who said so); within the promise: 75%."
    )
    assert (found.total.cases, found.total.satisfied.share) == (20, 0.67)
    before = await of_month(office, date(2026, 10, 1))
    assert (before.last, before.total.cases, before.total.promise_kept.share) == (date(2026, 10, 31), 5, None)
    assert "within the promise: all but fewer than 5" in before.items[0].text


async def test_on_the_first_of_a_month_the_last_one_is_shown(office: Office) -> None:
    office.clock.advance(datetime(2026, 11, 30, 16, 1, tzinfo=UTC) - NOON)
    assert (await of_month(office)).month == "2026-11"
    running = await of_month(office, date(2026, 12, 1))
    assert (running.month, running.items, running.total.cases) == ("2026-12", [], None)
    with pytest.raises(Refusal, match="month-to-come"):
        await of_month(office, date(2027, 1, 1))


async def test_few_are_not_told_and_a_total_is_of_what_is_told(office: Office) -> None:
    keep(office, 20, score=5, rated_at=LAST_MINUTE)
    keep(office, 20, automatic=False, in_time=False, score=1, rated_at=LAST_MINUTE)
    keep(office, 4, item="residence-permit", automatic=False, score=1, rated_at=LAST_MINUTE)
    found = await of_month(office)
    permit = next(each for each in found.items if each.item and each.item.code == "residence-permit")
    assert (permit.cases, permit.without_people.share, permit.satisfied.share, permit.suppressed) == (None,) * 3 + (
        True,
    )
    assert "fewer than 5 decided" in permit.text
    assert found.total.cases == 40
    assert (found.total.without_people.share, found.total.satisfied.share) == (0.5, 0.5)  # of what is told


async def test_only_what_is_published_is_counted(office: Office) -> None:
    keep(office, 10)
    keep(office, 5, outcome="rejected")
    keep(office, 10, may_be_noticed=False)
    for policy, cases in {"all": 15, "approvals": 10, "nothing": None}.items():
        item = CATALOGUE.item("senior-card").model_copy(update={"notices": policy})
        catalogue = Catalogue({**CATALOGUE.items, item.code: item}, CATALOGUE.document_types, CATALOGUE.departments)
        later = Office(catalogue=catalogue, clock=office.clock)
        later.decisions.all = office.decisions.all
        assert (await of_month(later)).total.cases == cases


def test_nothing_at_all_is_told_as_few() -> None:
    nothing = shown(MonthFigures(Month(date(2026, 11, 1), date(2026, 11, 23)), ()), "zh-CN")
    assert (nothing.total.cases, nothing.total.suppressed, nothing.items) == (None, True, [])
    assert nothing.total.text.startswith("全部已公示的事项：办结少于5件；")


def test_figures_of_an_earlier_release_have_no_promise() -> None:
    row = ItemFigures("senior-card", 20, 5, 10, 5, 0, 0, 0, ())
    found = shown(MonthFigures(Month(date(2026, 11, 1), date(2026, 11, 23)), (row,)))
    assert (found.items[0].promise_kept.of, found.items[0].promise_kept.share) == (None, None)
