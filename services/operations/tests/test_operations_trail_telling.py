"""A trail as text and as a sequence diagram: aligned, in two languages, and safe against what strangers write."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.sequence_diagram import draw
from operations.domain.svg import extent, wrapped
from operations.domain.trail import OPERATORS, Actor, CaseTrail, Recorded, TrailStep, folded, placed
from operations.domain.trail_text import tell, width
from operations.domain.trail_words import TrailWords
from runtime.texts import LANGUAGES, Texts

NIGHT = datetime(2026, 11, 23, 15, 59, 59, 120_000, UTC)
SVG = "{http://www.w3.org/2000/svg}"
TEXTS = Texts.of("operations")


def words(language: str = "en") -> TrailWords:
    return TrailWords(TEXTS, language, {"health": "Health" if language == "en" else "卫生健康"})


def trail_of(*steps: TrailStep) -> CaseTrail:
    return placed("app_1", steps, {})


def story() -> list[TrailStep]:
    """A resident applies, the match fails, a reviewer approves, the store fails it, an operator replays it."""
    return [
        TrailStep(
            "e1", "event", "applications.application-submitted.v1", NIGHT, "applications", Actor("resident", "res_1")
        ),
        TrailStep(
            "e2",
            "event",
            "matcher.match-failed.v2",
            NIGHT + timedelta(milliseconds=240),
            "matcher",
            Actor("automatic", "matcher"),
            "e1",
            ("applications", "review-dispatch"),
            {"requirement": "housing"},
        ),
        TrailStep(
            "e3",
            "event",
            "review-dispatch.review-approved.v2",
            NIGHT + timedelta(hours=3),
            "review-dispatch",
            Actor("person", "wang", "health", "zhao"),
            "e2",
            ("credential-store",),
        ),
        TrailStep(
            "f1",
            "failure",
            "handler-failed",
            NIGHT + timedelta(hours=3, seconds=2),
            "credential-store",
            Actor("automatic", "credential-store"),
            "e3",
        ),
        TrailStep(
            "a1",
            "action",
            "replay-started",
            NIGHT + timedelta(days=2),
            OPERATORS,
            Actor("operator", "op-3"),
            "f1",
            ("credential-store",),
        ),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_columns_of_the_text_are_aligned(language: str) -> None:
    told = tell(trail_of(*story()), words(language)).splitlines()
    heading, *lines = [line for line in told if line[:1] in "#12345" and line[1:3] == "  "]
    who = heading.index(words(language).say("columns.who"))
    ends = {width(line[: line.rindex("  ") + 2]) for line in lines}
    assert len(lines) == len(story())
    assert ends == {width(heading[:who])}


def test_the_text_says_when_what_from_whom_and_who() -> None:
    told = tell(trail_of(*story()), words())
    assert "Case app_1" in told
    assert "23:59:59.120" in told
    assert "── 24 November 2026" in told
    assert "Review: approved v2" in told
    assert "wang of Health, and zhao" in told
    assert "Matcher → Applications, Review dispatch   requirement housing" in told
    assert "✗ Dead letter: the handler failed" in told
    assert "#3 +2.0 s" in told
    assert "operator op-3" in told


def test_the_text_speaks_the_callers_language() -> None:
    told = tell(trail_of(*story()), words("zh-CN"))
    assert "比对未成功" in told
    assert "卫生健康 wang，复核 zhao" in told
    assert "+240 毫秒" in told


def test_every_released_event_has_a_name_of_its_own() -> None:
    from operations.config import Settings  # noqa: PLC0415 - only here

    types = {path.name.removesuffix(".schema.json") for path in Settings().contracts.glob("*.schema.json")}
    assert types
    assert [
        type_ for type_ in sorted(types) if words().known("events", type_.split(".")[1]) == type_.split(".")[1]
    ] == []


def test_an_unknown_event_is_told_by_its_type_and_a_forged_one_by_its_fault() -> None:
    first = story()[0]
    told = tell(trail_of(replace(first, name="x.never-heard-of.v1")), words())
    assert "never-heard-of" in told
    told = tell(trail_of(replace(first, fault="wrong-routing-key")), words())
    assert "its type is not its routing key" in told


def test_a_step_before_its_cause_by_the_clock_shows_a_negative_time() -> None:
    first, second = story()[:2]
    assert "−2.0 s" in tell(trail_of(first, replace(second, time=NIGHT - timedelta(seconds=2))), words())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_has_title_description_and_a_lifeline_for_all_who_took_part(language: str) -> None:
    root = ET.fromstring(draw(trail_of(*story()), words(language)))  # noqa: S314 - we wrote it
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert "app_1" in (title.text or "")
    assert len((description.text or "").splitlines()) == 2 + 5
    assert root.get("role") == "img"
    lifelines = [line for line in root.iter(f"{SVG}line") if line.get("class") == "lifeline"]
    assert len(lifelines) == 2 + 4 + 1  # resident and reviewer, four services, the operators


def test_the_picture_marks_a_dead_letter_and_shows_that_time_passed() -> None:
    drawn = draw(trail_of(*story()), words())
    assert 'class="failure ground"' in drawn
    assert ">2 h 59 min later<" in drawn
    assert "prefers-color-scheme:dark" in drawn


LONG = "res_01kb2m7k9q3v5x8z0a1b2c3d4e"


def crowded(name: str, case: str) -> CaseTrail:
    """A case in which somebody with a long name acted, for a reason of another case, and much is said of it."""
    facts = dict.fromkeys(("item", "requirement", "reason", "why"), name)
    step = TrailStep(
        "e1", "event", "applications.application-submitted.v1", NIGHT, name, Actor("resident", name), "e0", (), facts
    )
    elsewhere = Recorded("e0", "t", "s", case, NIGHT, 0, None, "p", "k", b"", "")
    return placed("app_1", [step], {"e0": elsewhere})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [LONG, "深圳市龙华区民治街道办事处社区网格管理中心第一工作站", "a" * 255, "x y " * 60])
def test_nothing_is_cut_off_in_the_picture_and_nothing_reaches_beyond_it(name: str, language: str) -> None:
    drawn = draw(crowded(name, case="app_" + "0" * 60), words(language))
    root = ET.fromstring(drawn)  # noqa: S314 - we wrote it
    wide = float(root.get("width") or 0)
    texts = list(root.iter(f"{SVG}text"))
    assert not any("…" in (each.text or "") for each in texts)
    assert name.replace(" ", "") * 2 in "".join((each.text or "").replace(" ", "") for each in texts) * 2
    for each in texts:
        size = 17 if each.get("class") == "title" else 13
        width = extent(each.text or "", size if "name" in (each.get("class") or "") or size == 17 else 11.5)
        left = (
            float(each.get("x") or 0)
            - {"start": 0, "middle": width / 2, "end": width}[each.get("text-anchor") or "start"]
        )
        assert left >= -0.5, each.text
        assert left + width <= wide + 0.5, each.text


@given(st.text(max_size=60), st.floats(20, 400))
def test_a_text_that_is_wrapped_is_whole(content: str, room: float) -> None:
    lines = wrapped(content, 13, room)
    assert "".join("".join(lines).split()) == "".join(content.split())
    assert all(extent(line, 13) <= room or len(line) == 1 for line in lines)


def with_accesses(number: int) -> CaseTrail:
    """The story with records of used data in between, by two services."""
    lanes = ("applications", "matcher")
    accesses = [
        TrailStep(f"d{n}", "event", f"{lanes[n % 2]}.data-accessed.v1", NIGHT + timedelta(seconds=n), lanes[n % 2],
             Actor("automatic", lanes[n % 2]), "e1", ("data-rights",))
        for n in range(number)
    ]  # fmt: skip
    return trail_of(*story(), *accesses)


def test_the_records_of_used_data_are_one_line_with_their_number_and_can_be_opened() -> None:
    trail = with_accesses(9)
    shown = folded(trail)
    assert len(shown.steps) == len(story()) + 1
    assert (len(shown.everything), shown.lasted) == (len(trail.steps), trail.lasted)
    told = tell(shown, words("zh-CN"))
    assert told.count("资料被使用") == 1
    assert "资料被使用（共 9 次）" in told
    assert "事项申请 5 · 自动比对 4" in told
    assert draw(shown, words("zh-CN")).count("资料被使用（共 9 次）") >= 1
    assert tell(trail, words("zh-CN")).count("资料被使用") == 9


@pytest.mark.parametrize("number", [0, 1])
def test_where_there_is_nothing_to_fold_the_trail_stays_as_it_is(number: int) -> None:
    trail = with_accesses(number)
    assert folded(trail) is trail


@given(st.integers(0, 12))
def test_folding_keeps_every_step_once_and_the_times_between_what_is_shown(number: int) -> None:
    trail = with_accesses(number)
    shown = folded(trail)
    assert [each.step for each in shown.everything] == [each.step for each in trail.steps]
    for before, after in itertools.pairwise(shown.steps):
        assert after.since_previous == after.step.time - before.step.time


@given(st.text(max_size=40))
def test_nothing_that_a_stranger_writes_breaks_the_picture_or_steers_the_terminal(text: str) -> None:
    strange = TrailStep(text, "event", text, NIGHT, text, Actor("person", text, text), text, (text,), {"item": text})
    trail = placed(text, [strange], {})
    ET.fromstring(draw(trail, words()))  # noqa: S314 - that it can be read is what is tested
    assert all(each.isprintable() or each == "\n" for each in tell(trail, words()))


def test_nothing_known_is_said_and_drawn_too() -> None:
    empty = trail_of()
    assert "Nothing is known" in tell(empty, words())
    ET.fromstring(draw(empty, words()))  # noqa: S314 - that it can be read is what is tested
