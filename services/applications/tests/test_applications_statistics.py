"""What the figures say, and when human review can be switched off."""

from __future__ import annotations

from datetime import date

import pytest

from applications import consumed
from applications.domain.statistics import Criterion, ProofFigures, percentile, readiness
from applications.handlers import answers, counting, reading
from runtime.refusal import Refusal
from services.applications.tests.office import Office, mismatched, resident, resident_token, review

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
    said = consumed.ReviewApproved.model_validate(review(application, "account", "approved", department="civil"))
    await office.hears(answers.note_review_approved, said)
    office.commits(await reading.rate(id, 5, None, resident_token("old"), office.deps))
    figures = await counting.figures(office.deps, item=None, first=None, last=None)
    allowance, card = figures.items
    assert (card.decided, card.approved, card.rejected, card.automatic) == (3, 2, 1, 3)
    assert (allowance.decided, allowance.automatic, allowance.by_officer, allowance.rated) == (1, 0, 0, 1)
    sources = {(row.document_type, row.source): row.proofs for row in figures.proofs}
    assert sources["bank-account", "person"] == 1
    assert sources["id-card", "city-mirror"] == 3
    judged = {each.document_type: each.can_switch_off for each in figures.readiness}
    assert judged == {"bank-account": False, "household-register": True, "id-card": True, "portrait-photo": False}


async def test_a_period_has_an_order_and_an_item_exists(office: Office) -> None:
    with pytest.raises(Refusal, match="period-order"):
        await counting.figures(office.deps, item=None, first=date(2026, 2, 1), last=date(2026, 1, 1))
    with pytest.raises(Refusal, match="unknown-item"):
        await counting.figures(office.deps, item="nothing", first=None, last=None)
