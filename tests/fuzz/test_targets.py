"""The parsers hold for the texts that fuzzing begins with, and for those that once broke one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize(("name", "seed"), [(name, seed) for name, target in TARGETS.items() for seed in target.seeds])
def test_a_seed_is_read_or_refused(name: str, seed: str) -> None:
    TARGETS[name].take(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(text=st.text())
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    TARGETS[name].take(text)
