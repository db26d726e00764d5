"""States as people see them: one colour for each, green only for what got through, a clock that stops."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain import edit, failure, items, replay
from operations.domain.items import Kind
from operations.domain.replay import Replay, ReplayCounts, Step
from operations.domain.tones import tone
from operations.web.charts import bar
from runtime.errors import Conflict
from runtime.texts import LANGUAGES, Texts
from services.operations.tests.test_operations_edit_rules import edit as an_edit
from services.operations.tests.test_operations_replay_rules import NOW
from services.operations.tests.test_operations_replay_rules import replay as a_replay

TEXTS = Texts.of("operations")


def run(*steps: tuple[Step, int]) -> Replay:
    """Take steps, each so many seconds after the preparation."""
    taken = a_replay()
    for step, seconds in steps:
        taken = taken.take(step, by="ann", at=NOW + timedelta(seconds=seconds), reason="why")
    return taken


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ([], 0),
        ([("start", 100)], 900),
        ([("start", 100), ("finish", 130)], 30),
        ([("start", 100), ("stop", 105)], 5),
        ([("start", 100), ("pause", 110), ("resume", 500), ("block", 502)], 12),
        ([("start", 100), ("stop", 105), ("cancel", 400)], 5),
        ([("cancel", 400)], 0),
    ],
)
def test_the_clock_stands_still_while_nothing_runs(steps: list[tuple[Step, int]], seconds: int) -> None:
    assert run(*steps).ran_until(NOW + timedelta(seconds=1000)) == timedelta(seconds=seconds)


@given(st.lists(st.tuples(st.sampled_from(get_args(Step)[1:]), st.integers(-5, 50)), max_size=12))
def test_what_does_not_run_has_run_for_the_same_time_whenever_one_looks(steps: list[tuple[Step, int]]) -> None:
    taken = a_replay()
    for step, seconds in steps:
        try:
            taken = taken.take(step, by="ann", at=NOW + timedelta(seconds=seconds))
        except Conflict:
            continue
    soon, later = (taken.ran_until(NOW + timedelta(hours=hours)) for hours in (1, 2))
    assert timedelta() <= soon
    assert later - soon == (timedelta(hours=1) if taken.state == "running" else timedelta())


@pytest.mark.parametrize(
    ("kind", "counts", "shown"),
    [
        ("failures", ReplayCounts(total=3, handled=3), "done"),
        ("failures", ReplayCounts(total=3, ignored=3), "done"),
        ("failures", ReplayCounts(total=3, handled=2, failed=1), "done-with-failures"),
        ("failures", ReplayCounts(total=3, skipped=3), "done-without-effect"),
        ("trail", ReplayCounts(total=3, handled=2, skipped=1), "done-with-failures"),
        ("edit", ReplayCounts(total=1, handled=1), "done"),
        ("edit", ReplayCounts(total=1, failed=1), "done-with-failures"),
        ("edit", ReplayCounts(total=1, ignored=1), "done-without-effect"),
    ],
)
def test_a_replay_is_shown_as_done_only_when_it_helped(kind: Kind, counts: ReplayCounts, shown: str) -> None:
    done = run(("start", 1), ("finish", 2)).model_copy(update={"kind": kind})
    assert done.display_state(counts) == shown
    assert (tone(shown) == "good") == (shown == "done")


def test_an_edit_is_green_only_when_its_event_was_handled() -> None:
    for fate, expected in (("handled", "good"), ("ignored", "warn"), ("failed", "bad")):
        settled = an_edit().model_copy(update={"state": "done", "fate": fate})
        assert tone(settled.display_state) == expected
    assert tone("replaced") != "good", "whether the edit helped is not known of the original"


KINDS = {
    "states": failure.DisplayState, "replay-states": replay.DisplayState, "edit-states": edit.DisplayState,
    "item-states": items.ItemState,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_has_a_word_and_the_same_word_only_the_same_colour(kind: str) -> None:
    states = {each for part in get_args(KINDS[kind]) for each in (get_args(part) or (part,))}
    for language in LANGUAGES:
        words = {TEXTS.say(language, f"web.{kind}.{state}"): tone(state) for state in states}
        assert len(words) == len(states), "two states of a kind with one word"


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "该重放已暂停，不能再开始"), ("en", "paused")])
def test_a_refusal_says_states_and_steps_in_words(language: str, said: str) -> None:
    paused = run(("start", 1), ("pause", 2))
    with pytest.raises(Conflict) as refused:
        paused.take("start", by="ann", at=NOW)
    assert said in TEXTS.say(language, "problems.replay-not-possible.detail", **refused.value.params)


def test_a_bar_has_the_colours_of_the_states() -> None:
    drawn = str(bar(ReplayCounts(total=4, handled=1, ignored=1, failed=1, sent=1)))
    assert [drawn.count(f"tone-{tone(state)}") for state in ("handled", "ignored", "failed", "sent")] == [1] * 4
