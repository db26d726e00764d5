"""`make reset`: forget everything that a run has kept. Refuses while a run is up."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack

from local_stack.claim import LOCK, claim
from local_stack.failure import StackError
from local_stack.layout import Layout


def main() -> int:
    """Empty the folder of runs."""
    layout = Layout.from_environment()
    try:
        with ExitStack() as held:
            for lock in sorted(layout.var.glob(f"*/{LOCK}")):  # a demo or a load run keeps its state inside
                held.enter_context(claim(lock.parent))
            held.enter_context(claim(layout.var))
            empty(layout)
    except StackError as error:
        print(f"reset: {error}", file=sys.stderr)
        return 1
    print(f"{layout.var} is empty")
    return 0


def empty(layout: Layout) -> None:
    """Remove what is in `var`, but for the lock that is held meanwhile."""
    for path in layout.var.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
