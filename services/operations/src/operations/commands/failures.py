"""`operations failures …` and `operations groups …`: find what failed, understand it, put it away."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from operations.commands import printing
from operations.commands.asking import AsJson, EventType, Most, Reason, Service, Since, Until, Yes, confirm, moment
from operations.commands.caller import Json, caller
from operations.commands.printing import as_json, coloured, fields, out, plain, state, table, time
from operations.commands.speaking import say

app = typer.Typer(help=say("failures.help"), no_args_is_help=True)
groups = typer.Typer(help=say("groups.help"), no_args_is_help=True)

Id = Annotated[str, typer.Argument(help=say("options.failure"))]
GroupId = Annotated[str, typer.Argument(help=say("options.group"))]
States = Annotated[list[str] | None, typer.Option("--state", help=say("options.state"))]

_LIST = (
    plain("id"), state("failure"), plain("service"), plain("event_type"), plain("reason"), plain("seen"),
    time("last_seen"), plain("message"),
)  # fmt: skip
_GROUPS = (
    plain("id"), plain("service"), plain("event_type"), ("cause", lambda row: escape(row["cause"]["title"])),
    ("open", lambda row: str(row["states"]["open"])), plain("seen"), time("first_seen"), time("last_seen"),
)  # fmt: skip
_SHOWN = ("id", "service", "event_type", "event_id", "case", "reason", "path", "rule", "exception", "message")


@app.command("list", help=say("failures.list"))
def find(  # noqa: PLR0913, PLR0917 - each is one question
    context: typer.Context,
    text: Annotated[str, typer.Option(help=say("options.text"))] = "",
    service: Service = "",
    event_type: EventType = "",
    why: Annotated[str, typer.Option("--why", help=say("options.why"))] = "",
    case: Annotated[str, typer.Option(help=say("options.case"))] = "",
    event: Annotated[str, typer.Option(help=say("options.event"))] = "",
    group: Annotated[str, typer.Option(help=say("options.group"))] = "",
    field: Annotated[list[str] | None, typer.Option(help=say("options.field"))] = None,
    state: States = None,
    since: Since = "",
    until: Until = "",
    most: Most = 50,
    *,
    json: AsJson = False,
) -> None:
    """Find failures."""
    asked: Json = {
        "text": text, "service": service, "event_type": event_type, "reason": why, "case": case, "event_id": event,
        "group": group, "field": field, "state": state, "since": moment(since), "until": moment(until),
    }  # fmt: skip
    found = caller(context).pages("failures", most, **asked)
    if json:
        as_json(found)
    else:
        table(_LIST, found, none="failures.none")


@app.command(help=say("failures.show"))
def show(context: typer.Context, id: Id, *, json: AsJson = False) -> None:
    """Show one failure, masked."""
    found = caller(context).get(f"failures/{id}")
    if json:
        as_json(found)
        return
    fields(
        [
            ("state", coloured("failure", found["state"])),
            *((name.replace("_", "-"), escape(str(found[name] or ""))) for name in _SHOWN),
            ("frame", escape(found["frame"])),
            ("attempts", str(found["attempts"])),
            ("first-seen", printing.moment(found["first_seen"])),
            ("last-seen", printing.moment(found["last_seen"])),
            ("group", found["group"]),
            ("replay", found["replay"] or ""),
        ]
    )
    if found["stack"]:
        out.print(f"\n{escape(found['stack'])}", style="dim")
    out.print_json(data=found["body"]) if found["is_json"] else out.print(say("failures.no-json"))


@app.command(help=say("failures.reveal"))
def reveal(context: typer.Context, id: Id, reason: Reason) -> None:
    """Show one message in clear; it is recorded."""
    as_json(caller(context).post(f"failures/{id}/disclosures", {"reason": reason}))


@app.command(help=say("failures.discard"))
def discard(
    context: typer.Context,
    reason: Reason,
    ids: Annotated[list[str] | None, typer.Argument(help=say("options.failure"))] = None,
    group: Annotated[str, typer.Option(help=say("options.group"))] = "",
    *,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Put failures away."""
    _settle(
        context, "discards", {"failures": ids or None, "group": group or None, "reason": reason}, yes=yes, json=json
    )


@app.command(help=say("failures.restore"))
def restore(
    context: typer.Context,
    reason: Reason,
    ids: Annotated[list[str] | None, typer.Argument(help=say("options.failure"))] = None,
    group: Annotated[str, typer.Option(help=say("options.group"))] = "",
    *,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Take discarded failures back."""
    body = {"failures": ids or None, "group": group or None, "reason": reason}
    _settle(context, "restorations", body, yes=yes, json=json)


@groups.command("list", help=say("groups.list"))
def find_groups(
    context: typer.Context,
    service: Service = "",
    event_type: EventType = "",
    state: Annotated[str, typer.Option(help=say("options.state"))] = "open",
    most: Most = 50,
    *,
    json: AsJson = False,
) -> None:
    """List groups of failures."""
    asked = {"service": service, "event_type": event_type, "state": "" if state == "all" else state}
    found = caller(context).pages("failure-groups", most, **asked)
    if json:
        as_json(found)
    else:
        table(_GROUPS, found, none="groups.none")


@groups.command("show", help=say("groups.show"))
def show_group(context: typer.Context, id: GroupId, *, json: AsJson = False) -> None:
    """Show one group."""
    found = caller(context).get(f"failure-groups/{id}")
    if json:
        as_json(found)
        return
    table(_GROUPS, [found], none="groups.none")
    out.print(f"\n{_bars([hour['count'] for hour in found['trend']])}  {say('groups.trend')}")
    for note in found["notes"]:
        out.print(f"{printing.moment(note['at'])}  {escape(note['by'])}: {escape(note['text'])}")


@groups.command(help=say("groups.note"))
def note(context: typer.Context, id: GroupId, text: Annotated[str, typer.Argument(help=say("options.note"))]) -> None:
    """Note something on a group."""
    caller(context).post(f"failure-groups/{id}/notes", {"text": text})
    out.print(say("groups.noted"))


def _settle(context: typer.Context, path: str, body: Json, *, yes: bool, json: bool) -> None:
    if body["group"]:
        confirm(say(f"failures.{path}-all", group=body["group"]), yes=yes)
    count, until = 0, None
    while True:  # as many as a request takes, until none is left
        selection = {"group": body["group"]} if body["group"] else {"failures": body["failures"]}
        done = caller(context).post(f"failures/{path}", {**selection, "reason": body["reason"]})
        count, until = count + done["count"], done["until"]
        if not done["more"] or not done["count"]:
            break
    as_json({"count": count, "until": until}) if json else out.print(say(f"failures.{path}", count=count))


def _bars(counts: list[int]) -> str:
    """Draw the last two days as a line of blocks."""
    recent, blocks = counts[-48:], " ▁▂▃▄▅▆▇█"
    highest = max([*recent, 1])
    return "".join(blocks[-(-count * 8 // highest)] for count in recent)
