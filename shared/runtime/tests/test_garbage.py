from __future__ import annotations

import gc

from runtime import garbage


def test_what_stands_at_the_start_is_never_looked_through_again_and_what_is_new_seldom() -> None:
    before = gc.get_threshold()
    try:
        garbage.settle()
        standing = gc.get_freeze_count()
        assert standing > 0
        assert gc.get_threshold() == (garbage.NEW_OBJECTS, *before[1:])
        gc.collect()
        assert gc.get_freeze_count() == standing
    finally:
        gc.set_threshold(*before)
