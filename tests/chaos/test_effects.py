from __future__ import annotations

import pytest

from tests.chaos.answers import bad_answers, counted, told
from tests.chaos.effects import Effect, latest, longest, made, stalls


def test_a_service_that_works_on_has_no_stall() -> None:
    found = stalls([Effect("matcher", float(second), second + 0.1) for second in range(10)])
    assert longest(found, 0, 10)[1] == pytest.approx(0.1)


def test_a_service_that_commits_nothing_though_work_waits_stands_still() -> None:
    effects = [Effect("matcher", 1, 1.1), Effect("matcher", 2, 12), Effect("matcher", 3, 12), Effect("review", 2, 2.5)]
    assert longest(stalls(effects), 1, 20) == ("matcher", 10)


def test_a_service_for_which_nothing_waits_does_not_stand_still() -> None:
    effects = [Effect("matcher", 1, 1.1), Effect("matcher", 30, 30.2)]
    assert longest(stalls(effects), 0, 60)[1] == pytest.approx(0.2)


def test_what_waited_longest_counts_although_something_newer_was_handled_before() -> None:
    effects = [Effect("matcher", 1, 1.1), Effect("matcher", 8, 9), Effect("matcher", 2, 11)]
    assert longest(stalls(effects), 0, 60)[1] == 7  # from 2 to 9


def test_a_stall_counts_from_the_fault_on_and_belongs_to_the_fault_in_whose_time_it_began() -> None:
    found = stalls([Effect("matcher", 0, 0), Effect("matcher", 9.5, 20), Effect("matcher", 30, 30)])
    assert longest(found, 10, 15) == ("matcher", 10)
    assert longest(found, 0, 10)[1] == longest(found, 15, 40)[1] == 0
    assert longest([], 0, 5) == ("", 0)


def test_the_latest_effect_is_that_of_the_event_that_waited_longest() -> None:
    effects = [Effect("a", 1, 2), Effect("a", 3, 9), Effect("b", 20, 40)]
    assert latest(effects, 0, 10) == ("a", 6)
    assert latest(effects, 50, 60) == ("", 0)


def test_an_events_id_tells_when_it_was_made_but_not_by_a_wrong_clock() -> None:
    at = 1_800_000_000.0
    assert made(f"{int((at - 5) * 1e9):x}-abcdef", at) == pytest.approx(at - 5)
    assert made(f"{int((at - 3600) * 1e9):x}-abcdef", at) == at
    assert made("fact_7", at) == at


LOG = (
    '{"time":"2026-11-30T00:00:10+00:00","path":"/v1/tasks","status":502,"upstream":"127.0.0.1:4, 127.0.0.1:44"}',
    '{"time":"2026-11-30T00:00:10+00:00","path":"/v1/tasks","status":502,"upstream":"review-dispatch"}',
    '{"time":"2026-11-30T00:00:20+00:00","path":"/v1/items","status":503,"upstream":"127.0.0.1:2"}',
    '{"time":"2026-11-30T00:00:20+00:00","path":"/v1/items","status":200,"upstream":"127.0.0.1:2"}',
    "nginx: [warn] something else",
)


def test_bad_answers_are_counted_by_the_service_that_was_asked_last() -> None:
    found = bad_answers(LOG, {4: "review-dispatch", 44: "review-dispatch", 2: "applications"})
    begin = found[0].at
    assert counted(found, begin, begin + 10) == {("review-dispatch", 502): 2}
    assert told(counted(found, begin, float("inf"))) == "1 × 503 applications, 2 × 502 review-dispatch"
