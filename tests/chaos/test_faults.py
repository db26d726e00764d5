from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from tests.chaos.faults import HOLD, LAYER, Kind, Parts, rounds
from tests.chaos.report import TEXTS

PARTS = Parts(("a-1", "a-2"), ("broker-1", "broker-2", "broker-3"), ("store-1", "store-2", "store-3"))


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_comes_before_any_comes_again(seed: int) -> None:
    drawn = [fault.kind for faults in islice(rounds(Random(seed), PARTS), 20) for fault in faults]
    assert set(drawn[: len(Kind)]) == set(Kind)


@pytest.mark.parametrize("seed", range(20))
def test_two_parts_of_one_layer_never_fail_at_once(seed: int) -> None:
    drawn = list(islice(rounds(Random(seed), PARTS), 40))
    assert any(len(faults) > 1 for faults in drawn)
    assert all(len({fault.layer for fault in faults}) == len(faults) for faults in drawn)


def test_the_same_seed_draws_the_same_faults() -> None:
    one, same, other = (list(islice(rounds(Random(seed), PARTS), 20)) for seed in (1, 1, 2))
    assert one == same != other


def test_every_kind_has_a_layer_a_time_and_a_name_in_both_languages() -> None:
    assert set(LAYER) == set(HOLD) == set(Kind)
    assert TEXTS.keys("en") >= {f"faults.{kind}" for kind in Kind}
