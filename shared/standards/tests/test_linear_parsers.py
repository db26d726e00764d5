"""Parsers of text from outside take linear time, at any length and also beyond what they read."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from standards import address, address_text, areas
from standards.address_text import names_place, normal
from standards.names import name_key
from standards.normal_form import normal_text
from standards.numerals import with_arabic_digits
from standards.script import simplified

_LENGTHS = (1_000, 2_000, 4_000, 8_000)
_SLACK = 3
"""How many times as much as linear; a square would be 8 times as much from the shortest to the longest."""

_PARSERS = (normal, names_place, with_arabic_digits, simplified, normal_text, name_key)
_PIECES = (
    *("1", "一", "十", "九千", "1-", "-", "1栋", "1号", "路", "A1", "（", "（）", "(1)", "无", "伍", "②", "龙", ", "),
    *("市", "1楼-", "X"),
)


def _cost(parser: Callable[[str], object], text: str) -> float:
    """Return the least CPU seconds of several runs."""
    costs = []
    for _ in range(3):
        begin = process_time()
        for _ in range(3):
            parser(text)
        costs.append(process_time() - begin)
    return min(costs)


@pytest.mark.parametrize("parser", _PARSERS)
@pytest.mark.parametrize("piece", _PIECES)
def test_a_text_of_eight_times_the_length_costs_eight_times_as_much(
    parser: Callable[[str], object], piece: str
) -> None:
    short, *_, long = ((piece * length)[:length] for length in _LENGTHS)
    parser(long)
    growth = _LENGTHS[-1] / _LENGTHS[0]
    assert _cost(parser, long) <= _SLACK * growth * _cost(parser, short) + 0.002


@pytest.mark.parametrize("piece", _PIECES)
def test_the_patterns_behind_the_bound_are_linear_too(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (address, areas, address_text):
        monkeypatch.setattr(module, "LONGEST", _LENGTHS[-1] + 1)

    def take_apart(text: str) -> None:
        address._parse.cache_clear()  # noqa: SLF001 - what is remembered costs nothing
        address.parse(text)

    test_a_text_of_eight_times_the_length_costs_eight_times_as_much(take_apart, f"{piece}")


@pytest.mark.parametrize("piece", _PIECES)
def test_a_text_of_any_length_is_read_at_once(piece: str) -> None:
    text = piece * 150_000
    begin = process_time()
    address.parse(text)
    areas.lies_in(text, "深圳")
    names_place(text)
    assert process_time() - begin < 0.1


def test_no_number_of_numerals_raises() -> None:
    for text in ("一" * 5_000, "九万" * 5_000, "十" * 5_000, "一十" * 5_000, "廿" * 5_000):
        assert with_arabic_digits(text)
