"""Options that several commands share, and the questions that a person is asked before something large happens."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Literal

import typer

from operations.commands.caller import CallRefusedError, Exit, Json
from operations.commands.output import err
from operations.commands.words import say
from operations.domain import edit, failure, items, replay
from standards.moments import SHENZHEN

AsJson = Annotated[bool, typer.Option("--json", help=say("options.json"))]
Most = Annotated[int, typer.Option("--limit", min=1, max=100_000, help=say("options.limit"))]
Reason = Annotated[str, typer.Option("--reason", "-r", help=say("options.reason"))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=say("options.sure"))]
Service = Annotated[str, typer.Option("--service", "-s", help=say("options.service"))]
EventType = Annotated[str, typer.Option("--type", "-t", help=say("options.type"))]
Since = Annotated[str, typer.Option("--since", help=say("options.since"))]
Until = Annotated[str, typer.Option("--until", help=say("options.until"))]
Ids = Annotated[list[str] | None, typer.Argument(help=say("options.failure"))]
Text = Annotated[str, typer.Option("--text", help=say("options.text"))]
Why = Annotated[str, typer.Option("--why", help=say("options.why"))]
Case = Annotated[str, typer.Option("--case", help=say("options.case"))]
Event = Annotated[str, typer.Option("--event", help=say("options.event"))]
Group = Annotated[str, typer.Option("--group", help=say("options.group"))]
Field = Annotated[list[str] | None, typer.Option("--field", help=say("options.field"))]


_State = typer.Option("--state", help=say("options.state"))
InStates = Annotated[
    list[str] | None, typer.Option("--state", autocompletion=lambda: list(failure.STATES), help=say("options.state"))
]
GroupState = Annotated[Literal["open", "replaying", "resolved", "discarded", "all"], _State]
ReplayState = Annotated[replay.State | None, _State]
ItemState = Annotated[items.ItemState | None, _State]
EditState = Annotated[edit.State | None, _State]


def moment(text: str) -> str | None:
    """Read a moment; without an offset it is meant in Shenzhen's time. Raises CallRefusedError."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise CallRefusedError(say("bad-moment", text=text), Exit.USAGE) from error
    return (read if read.tzinfo else read.replace(tzinfo=SHENZHEN)).isoformat()


def criteria(  # noqa: PLR0913 - each is one question
    *,
    text: str,
    service: str,
    event_type: str,
    why: str,
    case: str,
    event: str,
    group: str,
    field: list[str] | None,
    since: str,
    until: str,
) -> Json:
    """Return what is searched for, as a request's body has it; what was not asked is left out.

    Raises CallRefusedError.
    """
    asked = {
        "text": text, "service": service, "event_type": event_type, "reason": why, "case": case, "event_id": event,
        "group": group, "fields": field, "since": moment(since), "until": moment(until),
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value}


def chosen(ids: list[str] | None, asked: Json) -> Json:
    """Return which failures are meant: those named, a group's, or those that a search finds; the API takes one way."""
    way = asked if asked.keys() == {"group"} else {"search": asked} if asked else {}
    return {**way, "failures": ids} if ids else way


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something large, unless `--yes` was given; a script that did not give it is refused.

    Raises CallRefusedError.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CallRefusedError(say("say-yes", question=question), Exit.USAGE)
    if not typer.confirm(question, err=True):
        err.print(say("nothing-done"))
        raise typer.Exit(Exit.REFUSED)
