"""Parsers of text from outside take linear time, at any length and also beyond what they read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from time import process_time

import pytest

from runtime.errors import Refusal
from standards import address, areas, credential_identifier, identity_number, mask
from standards.address import names_place
from standards.address_text import normal, without_nothing
from standards.names import check_name, compare, name_key, normal_name
from standards.normal_form import normal_text, says_nothing, simplified
from standards.numerals import with_arabic_digits
from testkit.growth import LONG, assert_linear

_TODAY = date(2026, 11, 23)
_AT_ONCE = 0.1
"""Seconds for what is refused by its length."""

_PIECES = (
    *("1", "一", "十", "九千", "1-", "-", "1栋", "1号", "路", "A1", "（", "（）", "(1)", "无", "伍", "②", "龙", ", "),
    *("市", "1楼-", "X", "深圳市", ".", "龙.", " . ", "·", "1.2.156.3005.2.", "\u200b", "\ud800"),
)


def _number(text: str) -> None:
    with suppress(Refusal):
        identity_number.parse(text, today=_TODAY)


def _stands_in(text: str) -> None:
    identity_number.stands_in(text, today=_TODAY)


def _identifier(text: str) -> None:
    with suppress(Refusal):
        credential_identifier.parse(text)


def _names(text: str) -> None:
    compare(text, text)


_PARSERS = (
    *(
        normal,
        names_place,
        without_nothing,
        says_nothing,
        with_arabic_digits,
        simplified,
        normal_text,
        name_key,
        normal_name,
        check_name,
        mask.name,
    ),
    *(_number, _stands_in, _identifier, _names),
)


@pytest.mark.parametrize("read", _PARSERS, ids=lambda read: read.__name__)
def test_a_text_of_eight_times_the_length_costs_eight_times_as_much(read: Callable[[str], object]) -> None:
    for piece in _PIECES:
        assert_linear(read, piece)


def test_the_patterns_behind_the_bound_are_linear_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (address, areas):
        monkeypatch.setattr(module, "LONGEST", LONG)

    def take_apart(text: str) -> None:
        address._parse.cache_clear()  # noqa: SLF001 - what is remembered costs nothing
        address.parse(text)
        areas.lies_in(text, "深圳")

    for piece in _PIECES:
        assert_linear(take_apart, piece)


def test_a_text_of_any_length_is_read_at_once() -> None:
    for piece in _PIECES:
        text = piece * 150_000
        begin = process_time()
        address.parse(text)
        areas.lies_in(text, "深圳")
        names_place(text)
        assert process_time() - begin < _AT_ONCE, ascii(piece)


def test_no_number_of_numerals_raises() -> None:
    for text in ("一" * 5_000, "九万" * 5_000, "十" * 5_000, "一十" * 5_000, "廿" * 5_000):
        assert with_arabic_digits(text)
