from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.layout import ROOT
from testkit import places

GONE = 2**30
"""A process id beyond all that there can be."""


def test_data_is_kept_in_a_folder_that_is_ours_alone(tmp_path: Path) -> None:
    ours = places.place(tmp_path, room=0)
    assert ours.parent == tmp_path
    assert ours.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("folder", "room"), [("", 2**62), ("nowhere", 0)])
def test_where_there_is_no_room_in_memory_it_is_kept_in_the_workspace(tmp_path: Path, folder: str, room: int) -> None:
    assert places.place(tmp_path / folder, room) == ROOT / "var"


def test_a_folder_that_somebody_has_put_in_our_place_is_not_used(tmp_path: Path) -> None:
    ours = places.place(tmp_path, room=0)
    ours.rename(tmp_path / "elsewhere")
    ours.symlink_to(tmp_path / "elsewhere")
    assert places.place(tmp_path, room=0) == ROOT / "var"


def test_nothing_is_left_at_the_end() -> None:
    with places.folder("example") as folder:
        (folder / "store").mkdir(parents=True)
    assert not folder.exists()


def test_what_a_killed_run_left_is_removed_and_what_a_running_one_keeps_is_not(tmp_path: Path) -> None:
    left, kept = tmp_path / f"test-example-{GONE}", tmp_path / "test-example-1"
    for each in (left, kept):
        (each / "store").mkdir(parents=True)
    places.remove_leftovers(tmp_path)
    assert (left.exists(), kept.exists()) == (False, True)
