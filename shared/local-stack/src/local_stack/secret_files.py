"""Files with secrets: readable by their owner only, and whole whenever they are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def once(path: Path, make: Callable[[], bytes]) -> None:
    """Write a secret unless it is there. A crash in between leaves none rather than half of one."""
    if path.exists():
        return
    fresh = _beside(path, make())
    try:
        os.link(fresh, path)  # unlike a rename it never replaces what somebody else made meanwhile
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def replace(path: Path, content: bytes) -> None:
    """Write a secret over the one that is there. Whoever reads meanwhile has the old or the new one, whole."""
    _beside(path, content).replace(path)


def _beside(path: Path, content: bytes) -> Path:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return fresh
