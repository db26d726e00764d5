"""What set-up says while it works, and how it gives up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL = 30


class SetupError(Exception):
    """Set-up cannot go on; the message says what to do about it."""


def say(message: str) -> None:
    """Tell the user what is being done now."""
    print(f"setup: {message}", file=sys.stderr, flush=True)


def run(command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> bool:
    """Run a command with its output going to `log`; True when it succeeded."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment) == 0


def tail(log: Path) -> str:
    """Return the last lines of a log, indented, for an error message."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL:]
    return "\n".join(f"    {line}" for line in lines)
