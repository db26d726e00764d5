"""`make rotate-index`: the blind indexes that earlier releases kept in clear are encrypted, while the system runs.

Each database has a key of its own for that. Killed in between, it goes on when it is started again.
"""

from __future__ import annotations

import sys

from local_stack.failure import StackError
from local_stack.key_rotation import rotate_all
from local_stack.layout import Layout
from local_stack.ports import SERVICES


def main() -> int:
    """Rotate and tell; hand back 0, or the exit code of the first service that could not."""
    try:
        code = rotate_all(SERVICES, Layout.from_environment(), "rotate_index")
    except (OSError, StackError) as error:
        print(f"rotate-index: {error}", file=sys.stderr)
        return 1
    if code:
        print("rotate-index: not finished; start it again to go on", file=sys.stderr)
        return code
    print("rotate-index: done; no blind index is left in clear in any store")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
