"""Addresses of different places are never called equal, and writings of one place are never refused."""

from __future__ import annotations

import os
from random import SystemRandom

import pytest

from tests.fuzz.addresses import check

_AT_ONCE, _RUNS = 250, 4
_SEED = int(os.environ.get("SEED") or SystemRandom().randrange(10**9))


@pytest.mark.parametrize("run", range(_RUNS))
def test_a_thousand_pairs_are_compared_rightly(run: int) -> None:
    for seed in range(_SEED + run * _AT_ONCE, _SEED + (run + 1) * _AT_ONCE):
        check(seed)


def test_the_same_pairs_are_compared_rightly_each_time() -> None:
    for seed in range(1, 200):
        check(seed)
