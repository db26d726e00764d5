"""Options that several commands share, and the questions that a person is asked before something large happens."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from operations.commands.caller import Exit, RefusedError
from operations.commands.printing import err
from operations.commands.speaking import say

AsJson = Annotated[bool, typer.Option("--json", help=say("options.json"))]
Most = Annotated[int, typer.Option("--limit", min=1, max=100_000, help=say("options.limit"))]
Reason = Annotated[str, typer.Option("--reason", "-r", help=say("options.reason"))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=say("options.sure"))]
Service = Annotated[str, typer.Option("--service", "-s", help=say("options.service"))]
EventType = Annotated[str, typer.Option("--type", "-t", help=say("options.type"))]
Since = Annotated[str, typer.Option("--since", help=say("options.since"))]
Until = Annotated[str, typer.Option("--until", help=say("options.until"))]

_HERE = ZoneInfo("Asia/Shanghai")


def moment(text: str) -> str | None:
    """Read a moment; without an offset it is meant in Shenzhen's time. Raises RefusedError."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(say("bad-moment", text=text), Exit.USAGE) from error
    return (read if read.tzinfo else read.replace(tzinfo=_HERE)).isoformat()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something large, unless `--yes` was given; a script that did not give it is refused."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError(say("say-yes", question=question), Exit.USAGE)
    if not typer.confirm(question, err=True):
        err.print(say("nothing-done"))
        raise typer.Exit(Exit.REFUSED)
