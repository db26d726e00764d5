"""What the figures say, and when human review can be switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest

from applications import views
from applications.api.labels import Labels
from applications.api.statistics import ItemStatisticsView
from applications.domain.statistics import (
    Criterion,
    ItemFigures,
    Month,
    MonthFigures,
    ProofFigures,
    percentile,
    readiness,
)
from applications.handlers import answers, monthly_figures, queries
from applications.handlers.monthly_figures import OfficialFigures
from runtime.errors import Refusal
from runtime.texts import Language, Texts
from services.applications.tests.office import CATALOGUE, NOON, Office, mismatched, resident, resident_token, review
from standards.working_days import Calendar

CRITERION = Criterion(minimum_proofs=200, city_mirror_share=0.99)


@pytest.mark.parametrize(
    ("mirror", "person", "can", "missing"),
    [(198, 2, True, 0), (197, 3, False, 0), (199, 0, False, 1), (1000, 10, True, 0), (1000, 11, False, 0)],
)
def test_review_can_be_switched_off_with_enough_proofs_almost_all_from_the_mirror(
    mirror: int, person: int, *, can: bool, missing: int
) -> None:
    rows = [
        ProofFigures(document_type="id-card", source="city-mirror", proofs=mirror, handed_in=0),
        ProofFigures(document_type="id-card", source="person", proofs=person, handed_in=person),
    ]
    (judged,) = readiness(rows, CRITERION)
    assert (judged.can_switch_off, judged.proofs_missing) == (can, missing)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([3.0], 0.99, 3.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        (list(map(float, range(1, 101))), 0.95, 95.0),
    ],
)
def test_percentiles_are_values_that_occurred(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


async def test_the_figures_of_a_period(office: Office) -> None:
    for number in range(3):
        id = await office.applies("senior-card", "senior")
        if number:
            await office.matches(id)
        else:
            application = office.now(id)
            for key in ("id-card", "photo", "status"):
                await office.hears(answers.note_mismatch, mismatched(application, key, reviewable=False))
    office.knows(resident("old", born=date(1930, 1, 1), address="深圳市1号"))
    id = await office.applies("senior-allowance", "old", form={"account_number": "1"})
    application = office.now(id)
    await office.hears(answers.note_mismatch, mismatched(application, "account"))
    await office.matches(id, "id-card", "household")
    said = views.ReviewApproved.model_validate(review(application, "account", "approved", department="civil"))
    await office.hears(answers.note_review_approved, said)
    office.commits(await queries.rate(id, 5, None, resident_token("old"), office.deps))
    assert (await monthly_figures.figures(office.deps, item=None, month=None)).items == ()  # not before tomorrow
    office.later(timedelta(days=1))
    figures = await monthly_figures.figures(office.deps, item=None, month=None)
    assert (figures.month.first.day, figures.month.last, len(figures.months)) == (1, NOON.date(), 6)
    allowance, card = figures.items
    assert (card.decided, card.approved, card.rejected, card.automatic) == (3, 2, 1, 3)
    assert (allowance.decided, allowance.automatic, allowance.by_officer, allowance.rated) == (1, 0, 0, 1)
    sources = {(row.document_type, row.source): row.proofs for row in figures.proofs}
    assert sources["bank-account", "person"] == 1
    assert sources["id-card", "city-mirror"] == 3
    judged = {each.document_type: each.can_switch_off for each in readiness(figures.judged, office.deps.criterion)}
    assert judged == {"bank-account": False, "household-register": True, "id-card": True, "portrait-photo": False}


def figures_of(item: str, approved: int, rejected: int, automatic: int) -> ItemFigures:
    return ItemFigures(
        item=item,
        approved=approved,
        rejected=rejected,
        automatic=automatic,
        by_officer=0,
        rated=0,
        score_total=0,
        satisfied=0,
        seconds=(),
    )


def view_of(
    *items: ItemFigures,
    proofs: tuple[ProofFigures, ...] = (),
    before: tuple[MonthFigures, ...] = (),
    automatic: frozenset[str] = frozenset(),
    language: Language = "zh-CN",
) -> ItemStatisticsView:
    wording = Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load())
    month = Month(date(2026, 11, 1), date(2026, 11, 24))
    figures = OfficialFigures((*before, MonthFigures(month, items)), proofs, proofs, automatic)
    return ItemStatisticsView.of(figures, CRITERION, wording)


def test_fewer_than_five_are_null_and_a_share_is_of_what_is_told() -> None:
    view = view_of(figures_of("senior-card", approved=12, rejected=2, automatic=9))
    (item,) = view.items
    assert (item.decided, item.approved, item.rejected) == (10, 10, None)
    assert (item.automatic, item.with_people, item.automatic_share) == (5, 5, 0.5)
    assert (item.share_text, item.satisfaction.share_text, item.promise.share_text) == (
        "50%", "件数过少，不予显示", "件数过少，不予显示",
    )  # fmt: skip
    assert item.suppressed
    assert item.text == (
        "敬老优待证：办结10件，其中予以办理10件、不予办理少于5件；"
        "无需人工5件（占比：50%），有人工参与5件，由工作人员决定少于5件。"
    )


def test_nothing_small_is_told_as_none() -> None:
    everything = view_of(figures_of("senior-card", 3, 1, 4), proofs=(ProofFigures("id-card", "person", 4, 4),))
    told = everything.model_dump(exclude={"criterion", "first", "last"})

    def counts(value: object) -> Iterator[int]:
        if isinstance(value, Mapping):
            yield from (found for each in value.values() for found in counts(each))
        elif isinstance(value, list):
            yield from (found for each in value for found in counts(each))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield int(value)

    assert list(counts(told)) == [CRITERION.minimum_proofs]  # proofs that are missing
    assert (everything.suppressed, everything.total.suppressed) == (True, True)
    assert all(each.suppressed for each in everything.items)
    assert all(each.suppressed for each in everything.sources)


def test_a_total_is_what_the_told_items_add_up_to() -> None:
    view = view_of(*(figures_of(code, 4, 0, 4) for code in CATALOGUE.items), figures_of("gone", 9, 14, 14))
    assert {item.decided for item in view.items} == {None, 15}
    assert (view.total.decided, view.total.automatic, view.total.automatic_share) == (15, 10, 0.67)
    named = {each.department.name if each.department else None: each.decided for each in view.departments}
    assert named == {None: 15, "民政部门": None, "公安部门": None, "教育部门": None, "租赁管理部门": None}


def test_months_are_told_as_they_are_told_by_themselves() -> None:
    october = MonthFigures(Month(date(2026, 10, 1), date(2026, 11, 1)), (figures_of("senior-card", 12, 0, 6),))
    view = view_of(figures_of("senior-card", 4, 0, 4), before=(october,), language="en")
    assert [(each.first.month, each.last.day, each.decided) for each in view.months] == [(10, 31, 10), (11, 23, None)]
    assert view.months[0].text.startswith("1 October 2026 to 31 October 2026: 10 decided")


def test_a_month_ends_yesterday_and_months_follow_each_other() -> None:
    assert Month.of(None, date(2026, 12, 1)) == Month(date(2026, 11, 1), date(2026, 12, 1))
    assert Month.of(date(2026, 2, 1), date(2026, 12, 1)).last == date(2026, 2, 28)
    assert [each.first.month for each in Month.of(None, date(2027, 1, 2)).back(3)] == [11, 12, 1]
    with pytest.raises(Refusal, match="month-to-come"):
        Month.of(date(2027, 1, 1), date(2026, 12, 31))


def test_what_officials_have_switched_off_is_said_to_be_off() -> None:
    proofs = (ProofFigures("id-card", "city-mirror", 400, 0), ProofFigures("bank-account", "city-mirror", 400, 0))
    account, card = view_of(proofs=proofs, automatic=frozenset({"id-card"}), language="en").document_types
    assert (card.reviewed_by, account.reviewed_by) == ("automatic", "people")
    assert card.text == "People no longer review this document type."


def test_all_from_the_mirror_but_a_few_is_said_in_words() -> None:
    mirror, person = ProofFigures("id-card", "city-mirror", 398, 0), ProofFigures("id-card", "person", 2, 2)
    (chinese,) = view_of(proofs=(mirror, person)).document_types
    (english,) = view_of(proofs=(mirror, person), language="en").document_types
    assert (chinese.city_mirror_share, chinese.can_switch_off, chinese.by_source["person"]) == (None, True, None)
    assert "证明395件，来自市资源中心的占比：除少于5件外的全部" in chinese.text
    assert "from the city mirror: all but fewer than 5" in english.text


async def test_an_item_exists(office: Office) -> None:
    with pytest.raises(Refusal, match="unknown-item"):
        await monthly_figures.figures(office.deps, item="nothing", month=None)
