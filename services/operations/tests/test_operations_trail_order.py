"""The order of a trail: a cause before its effects, otherwise by time, and the same for any order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from operations.domain.actors import facts_of, who_acted
from operations.domain.trail import Actor, Recorded, TrailStep, in_causal_order, moment_of, place_of, placed

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SERVICES = frozenset({"applications", "matcher", "review-dispatch"})


def step(id: str, second: float = 0, cause: str | None = None) -> TrailStep:
    return TrailStep(
        id=id,
        kind="event",
        name="matcher.match-failed.v1",
        time=NOON + timedelta(seconds=second),
        lane="matcher",
        actor=Actor("automatic", "matcher"),
        cause=cause,
    )


def ids(steps: list[TrailStep]) -> list[str]:
    return [each.id for each in steps]


@st.composite
def cases(draw: st.DrawFn) -> list[TrailStep]:
    """Steps whose clocks say anything, each caused by an earlier one, by one of another case, or by nothing."""
    size = draw(st.integers(1, 25))
    seconds = draw(st.lists(st.integers(-50, 50), min_size=size, max_size=size))
    causes = [
        draw(st.one_of(st.none(), st.just("elsewhere"), st.integers(0, n - 1))) if n else None for n in range(size)
    ]
    named = [f"e{cause}" if isinstance(cause, int) else cause for cause in causes]
    return [step(f"e{n}", seconds[n], named[n]) for n in range(size)]


@given(cases(), st.randoms(use_true_random=False))
def test_every_cause_stands_before_its_effects_whatever_the_clocks_and_the_arrival(
    steps: list[TrailStep], chance: Random
) -> None:
    arrived = list(steps)
    chance.shuffle(arrived)
    ordered = in_causal_order(arrived)
    place = {each.id: number for number, each in enumerate(ordered)}
    assert sorted(place) == sorted(ids(steps))
    assert all(place[each.cause] < place[each.id] for each in steps if each.cause in place)


@given(cases(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_and_any_repetition_tells_the_same(steps: list[TrailStep], chance: Random) -> None:
    arrived = steps + chance.choices(steps, k=3)
    chance.shuffle(arrived)
    assert in_causal_order(arrived) == in_causal_order(steps)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 50)), max_size=9), st.randoms(use_true_random=False))
def test_causes_that_go_in_a_ring_lose_nothing(links: list[tuple[int, int]], chance: Random) -> None:
    steps = [step(f"e{n}", second, f"e{cause}") for n, (cause, second) in enumerate(links)]
    arrived = list(steps)
    chance.shuffle(arrived)
    assert sorted(ids(in_causal_order(arrived))) == sorted(ids(steps))
    assert in_causal_order(arrived) == in_causal_order(steps)


def test_steps_without_causes_stand_by_time() -> None:
    assert ids(in_causal_order([step("late", 9), step("early", 1), step("between", 5)])) == ["early", "between", "late"]


def test_an_effect_whose_clock_is_behind_follows_its_cause() -> None:
    assert ids(in_causal_order([step("effect", 1, "cause"), step("cause", 2)])) == ["cause", "effect"]


def test_times_are_since_the_step_before_and_since_the_cause() -> None:
    trail = placed("case", [step("a", 0), step("b", 2, "a"), step("c", 5, "a")], {})
    last = trail.steps[2]
    assert last.since_previous == timedelta(seconds=3)
    assert last.cause is not None
    assert (last.cause.number, last.cause.since) == (1, timedelta(seconds=5))
    assert (last.depth, trail.lasted) == (1, timedelta(seconds=5))


def test_a_cause_of_another_case_is_named() -> None:
    other = Recorded("x", "t", "s", "other-case", NOON, 1, None, "city", "city.t.v1", b"", "")
    trail = placed("case", [step("a", 3, "x"), step("b", 4, "nowhere")], {"x": other})
    first, second = (each.cause for each in trail.steps)
    assert first is not None
    assert second is not None
    assert (first.case, first.since) == ("other-case", timedelta(seconds=3))
    assert (second.number, second.case, second.since) == (None, None, None)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - Hypothesis wants naive ends
def test_a_moment_has_a_place_and_back(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert moment_of(place_of(aware)) == aware


def test_an_official_is_named_with_department_and_second_pair_of_eyes() -> None:
    data = {"reviewer": "wang", "second_reviewer": "zhao", "department": "health"}
    actor = who_acted("review-dispatch", "review-dispatch.review-approved.v1", data, SERVICES)
    assert actor == Actor("person", "wang", "health", "zhao")


def test_everybody_in_a_list_of_approvals_is_named() -> None:
    data = {"approvals": [{"reviewer": "wang"}, {"reviewer": "zhao"}], "department": "health"}
    actor = who_acted("review-dispatch", "review-dispatch.review-approved.v2", data, SERVICES)
    assert actor == Actor("person", "wang", "health", "zhao")


def test_a_resident_applies_a_service_answers_a_department_reports() -> None:
    applicant = {"applicant": {"resident_id": "res_1"}}
    assert who_acted("applications", "applications.application-submitted.v1", applicant, SERVICES).name == "res_1"
    assert who_acted("matcher", "matcher.match-failed.v1", {}, SERVICES) == Actor("automatic", "matcher")
    assert who_acted("health", "health.department-record-published.v1", {}, SERVICES).kind == "department"


def test_a_decision_that_names_only_a_role_is_the_services_own() -> None:
    for word in ("automatic", "officer"):
        actor = who_acted("applications", "applications.application-approved.v1", {"decided_by": word}, SERVICES)
        assert actor == Actor("automatic", "applications")


def test_what_is_masked_or_no_word_is_no_fact() -> None:
    data = {"item": "senior-card", "reason": "•••", "holder": {"index": "x"}, "attempt": 2, "name": "李•••"}
    assert facts_of(data, "•••") == {"item": "senior-card", "attempt": "2"}
    assert facts_of(["no", "object"], "•••") == {}
    documents = [{"requirement": "id-card", "source": "city-mirror"}, {"requirement": "photo", "source": "city-mirror"}]
    assert facts_of({"documents": documents}, "•••") == {"requirement": "id-card, photo", "source": "city-mirror"}
