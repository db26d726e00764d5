"""Addresses as people, registers and landlords write them, in pairs (`places.txt`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.domain.address_comparison import difference

Pair = tuple[str, str]


def _pairs() -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    pairs: list[Pair] = []
    for line in (Path(__file__).parent / "places.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            pairs = found.setdefault(line.strip("[]"), [])
        elif "|" in line:
            one, _, other = line.partition("|")
            pairs.append((one, other))
    return found


PAIRS = _pairs()


@pytest.mark.parametrize(("kind", "at_least"), [("same", 90), ("not the same", 250)])
def test_two_writings_are_equal_only_when_they_are_of_one_place(kind: str, at_least: int) -> None:
    pairs = PAIRS[kind]
    there_and_back = [*pairs, *((other, one) for one, other in pairs)]
    assert len(pairs) >= at_least
    assert [pair for pair in there_and_back if (difference(*pair) is None) != (kind == "same")] == []
