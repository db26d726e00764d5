from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.load.figures import figures, spread

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
MATCHED = {"proven": True, "document_type": "id-card", "source": "city-mirror"}
APPROVED = {"verdict": "approved", "document_type": "portrait-photo"}


def application(*, state: str = "approved", seconds: float = 1, reviewed: bool = False) -> dict[str, Any]:
    asked: list[dict[str, Any]] = [{"key": "id-card", "match": MATCHED, "task": None, "review": None}]
    if reviewed:
        asked.append({"key": "photo", "match": None, "task": {"task_id": "t"}, "review": APPROVED})
    return {
        "item": "senior-card",
        "state": state,
        "submitted_at": AT,
        "decided_at": AT + timedelta(seconds=seconds),
        "asked": asked,
        "check": None,
        "ruling": None,
        "scans": [{"requirement": "photo"}] if reviewed else [],
    }


def test_cases_are_counted_by_how_they_ended_and_who_was_needed() -> None:
    found = figures(
        {"a": application(), "b": application(reviewed=True, seconds=4), "c": application(state="rejected", seconds=2)},
        {"a": 0, "b": 1, "c": 2},
    )
    assert (found.decided, found.approved, found.rejected) == (3, 2, 1)
    assert (found.automatic, found.by_person) == (2, 1)
    assert found.proven_by == {"city-mirror": 3, "person": 1}
    assert (found.requirements, found.not_handed_in_again) == (4, 3)
    assert found.all_cases.p99 == 4
    assert found.automatic_cases.cases == 2
    assert found.cases_per_second == 3 / 4


def test_the_digest_is_that_of_the_outcomes_and_not_of_ids_or_times() -> None:
    one = figures({"a": application(), "b": application(reviewed=True)}, {"a": 0, "b": 1})
    same = figures({"y": application(reviewed=True, seconds=9), "x": application()}, {"x": 0, "y": 1})
    other = figures({"x": application(state="rejected"), "y": application(reviewed=True)}, {"x": 0, "y": 1})
    assert one.digest == same.digest != other.digest


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = spread(range(1, 101))
    assert (hundred.p50, hundred.p95, hundred.p99) == (50, 95, 99)
    assert spread([7]).p50 == 7
    assert spread([]).p99 == 0
