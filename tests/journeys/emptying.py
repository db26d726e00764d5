"""Beginning from an empty system."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_stack.claim import LOCK, claim


def empty(var: Path) -> None:
    """Remove everything of an earlier run. Raises StackError when that run is still up."""
    with claim(var):
        for each in var.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            elif each.name != LOCK:
                each.unlink()
