"""One subject may ask so often and no more, and nobody else is hindered by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.data_files import DataFileError
from web.rates import DEFAULT, MOST_SUBJECTS, Busy, Rate, RateLimit, Rates, TooMany

RATE = Rate(burst=3, per_minute=60)


class Hand:
    """A clock that is moved by hand, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def limit(hand: Hand) -> RateLimit:
    rates = Rates.model_validate({"read": RATE, "write": RATE, "look-up": Rate(burst=1, per_minute=2)})
    return RateLimit(rates, clock=hand)


def too_many(limit: RateLimit, subject: str = "clerk-1", kind: str = "read") -> int | None:
    """Ask once; return in how many seconds to come back, None when it is answered."""
    try:
        limit.take(subject, kind)
    except TooMany as refused:
        return refused.retry_after
    return None


def test_so_many_in_a_row_then_one_by_one(limit: RateLimit, hand: Hand) -> None:
    assert [too_many(limit) for _ in range(5)] == [None, None, None, 1, 1]
    hand.now += 1
    assert [too_many(limit) for _ in range(2)] == [None, 1]
    hand.now += 3600
    assert [too_many(limit) for _ in range(4)] == [None, None, None, 1]


def test_several_processes_grant_together_what_the_figures_say(hand: Hand) -> None:
    rate = Rate(burst=40, per_minute=60)
    rates = Rates.model_validate({"read": rate, "write": rate, "look-up": Rate(burst=1, per_minute=2)})
    both = [RateLimit(rates, clock=hand), RateLimit(rates, clock=hand)]
    for each in both:
        each.processes = lambda: 2

    assert sum(too_many(both[n % 2]) is None for n in range(100)) == 40
    hand.now += 60
    assert sum(too_many(both[n % 2]) is None for n in range(100)) == 40
    hand.now += 10
    assert sum(too_many(both[n % 2]) is None for n in range(100)) == 10
    assert [too_many(both[0], kind="look-up") for _ in range(2)] == [None, 60]


def test_each_subject_and_each_class_has_its_own(limit: RateLimit) -> None:
    assert [too_many(limit, kind="look-up") for _ in range(2)] == [None, 30]
    assert too_many(limit, "clerk-2", "look-up") is None
    assert too_many(limit, kind="write") is None


def test_strangers_fill_no_memory(limit: RateLimit) -> None:
    for n in range(MOST_SUBJECTS + 50):
        limit.take(f"subject-{n}", "read")
    assert len(limit._buckets) == MOST_SUBJECTS  # noqa: SLF001 - what is held is what is tested


def test_the_figures_are_data(tmp_path: Path) -> None:
    RateLimit.from_file(DEFAULT).take("clerk-1", "look-up")
    wrong = tmp_path / "rates.yaml"
    wrong.write_text("read: {burst: 0, per_minute: 1}\n")
    with pytest.raises(DataFileError, match=r"rates\.yaml:1"):
        RateLimit.from_file(wrong)


@pytest.fixture
def kinds(hand: Hand) -> RateLimit:
    said = {
        "draft": {"burst": 2, "per_minute": 1, "operations": ["POST /v1/applications"]},
        "verification": {"burst": 3, "per_minute": 60, "operations": ["POST /v1/verifications"]},
    }
    one = Rate(burst=3, per_minute=60)
    return RateLimit(Rates.model_validate({"read": one, "write": one, "look-up": one, "kinds": said}), clock=hand)


def test_a_kind_of_operation_has_limits_of_its_own_and_uses_up_no_others(kinds: RateLimit) -> None:
    kind = kinds.kind_of("POST /v1/applications")
    assert kind == "draft"
    assert [too_many(kinds, kind=kind) for _ in range(3)] == [None, None, 60]
    assert [too_many(kinds, kind="write") for _ in range(4)] == [None, None, None, 1]
    assert too_many(kinds, "resident-2", kind) is None
    assert kinds.kind_of("POST /v1/applications/{application_id}/submission") is None


def test_what_nobody_signs_in_for_is_bounded_for_all_together(kinds: RateLimit, hand: Hand) -> None:
    for _ in range(3):
        kinds.take_for_everybody("POST /v1/verifications")
    with pytest.raises(Busy) as refused:
        kinds.take_for_everybody("POST /v1/verifications")
    assert refused.value.retry_after == 1
    kinds.take_for_everybody("GET /v1/items")
    hand.now += 1
    kinds.take_for_everybody("POST /v1/verifications")
