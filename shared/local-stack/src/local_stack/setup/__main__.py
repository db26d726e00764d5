"""Set-up in one place: `python3 -m local_stack.setup [PART]`, a no-op in a moment when all is there.

PART `python` makes the virtual environment; `run`, the default, also installs what running the system needs; `browse`,
`chaos` and `test` what only they use, too.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[5]


def main() -> int:
    """Set up what the command line asks for; 0 when everything is there."""
    if sys.version_info < OLDEST:
        print("setup: Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clean up as after Ctrl-C
    parser = argparse.ArgumentParser(prog="setup", description="Set up what the project needs.")
    parser.add_argument("part", nargs="?", choices=("python", "run", "browse", "chaos", "test"), default="run")
    return ensure(parser.parse_args().part)


def ensure(part: str) -> int:
    """Set up one part; say what is wrong instead of a stack trace."""
    from local_stack.setup import environment, system_packages  # noqa: PLC0415 - an older Python stops before this
    from local_stack.setup.report import SetupError  # noqa: PLC0415 - the same

    log = Path(os.environ.get("YIZHENG_VAR", "") or ROOT / "var") / "log" / "setup.log"
    needs = system_packages.wanted(part)
    if environment.is_current(ROOT) and all(need.is_met() for need in needs):
        return 0
    try:
        with alone():
            if not environment.is_possible(ROOT):
                system_packages.install(system_packages.python_packages(), log)
            environment.ensure(ROOT, log)
            system_packages.ensure(needs, log)
    except SetupError as error:
        print(f"setup: {error}\n  (the whole log is {log})", file=sys.stderr)
        return 1
    return 0


@contextmanager
def alone() -> Iterator[None]:
    """Let a second set-up that starts meanwhile wait for the first."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    raise SystemExit(main())
