from __future__ import annotations

import json
import tracemalloc
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.strict_json import RepeatedNameError, check_names
from testkit.growth import assert_linear

NAMES = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_whose_names_stand_once_passes(value: object) -> None:
    check_names(json.dumps(value))


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.lists(NAMES | st.integers(0, 3), max_size=5))
def test_a_name_that_stands_twice_is_found_wherever_it_is(content: dict[str, object], way: list[str | int]) -> None:
    inner = json.dumps(content)
    name = json.dumps(next(iter(content)))
    text, path = f"{inner[:-1]}, {name}: 1}}", ""
    for step in reversed(way):
        text = "[" + "0, " * step + text + "]" if isinstance(step, int) else f"{{{json.dumps(step)}: {text}}}"
    for step in [*way, next(iter(content))]:
        path += "/" + str(step).replace("~", "~0").replace("/", "~1")

    with pytest.raises(RepeatedNameError) as raised:
        check_names(text)

    assert raised.value.path == path


@pytest.mark.parametrize(
    "text", ["", "{", b"\xff", "[" * 100_000, '{"a": 1' + "0" * 100_000 + "}", '{"a": NaN}', "\ufeff{}"]
)
def test_what_can_not_be_read_is_left_to_whoever_parses_it(text: str | bytes) -> None:
    check_names(text)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.lists(NAMES | st.integers(0, 3), max_size=5))
def test_what_is_nested_too_deeply_for_python_hides_no_name(content: dict[str, object], way: list[str | int]) -> None:
    inner, name = json.dumps(content), next(iter(content))
    text, path = f"{inner[:-1]}, {json.dumps(name)}: 1}}", ""
    for step in reversed(way):
        text = "[" + "0, " * step + text + "]" if isinstance(step, int) else f"{{{json.dumps(step)}: {text}}}"
    for step in [1, *way, name]:
        path += "/" + str(step).replace("~", "~0").replace("/", "~1")
    deep = "[" * 1_000 + "]" * 1_000

    with pytest.raises(RepeatedNameError) as raised:
        check_names(f"[{deep}, {text}]")

    assert raised.value.path == path
    check_names(f"[{deep}, {inner}]")


def test_names_that_only_look_different_are_the_same() -> None:
    with pytest.raises(RepeatedNameError):
        check_names(r'{"id": 1, "\u0069d": 2}')


def test_an_inner_fault_that_an_outer_one_hides_is_no_crash() -> None:
    with pytest.raises(RepeatedNameError) as raised:
        check_names('{"a": {"b": 1, "b": 2}, "a": 3}')

    assert raised.value.path == "/a"


@pytest.mark.parametrize("piece", [r"\"", "\\", '"', "[", "{", '{"a":', ",", ":", '"a":', "]"], ids=ascii)
@pytest.mark.parametrize(
    "begin", ["[" * 2_000, "[" * 1_010 + '"', '{"a":' * 1_010 + '{"'], ids=["deep", "open", "objects"]
)
def test_no_text_takes_more_than_linear_time(piece: str, begin: str) -> None:
    assert_linear(lambda text: check_names(begin + text), piece)


def test_what_nobody_reads_is_not_remembered_level_by_level() -> None:
    tracemalloc.start()
    check_names('{"a":' * 200_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000


def test_its_time_grows_with_the_text_and_no_faster() -> None:
    def seconds(count: int) -> float:
        text = "{" + ", ".join(f'"{number}": [{{"x": {number}}}]' for number in range(count)) + "}"
        begun = thread_time()
        check_names(text)
        return thread_time() - begun

    few, many = min(seconds(2_000) for _ in range(5)), min(seconds(16_000) for _ in range(5))
    assert many < 8 * few * 4
