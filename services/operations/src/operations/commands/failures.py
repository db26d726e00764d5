"""`operations failures …` and `operations groups …`: find what failed, understand it, put it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape

from operations.commands import options, output
from operations.commands.caller import Json, OperatorCaller, caller
from operations.commands.output import as_json, coloured, fields, out, plain, state, table, time
from operations.commands.words import has, say, sentence, word

app = typer.Typer(help=say("failures.help"), no_args_is_help=True)
groups = typer.Typer(help=say("groups.help"), no_args_is_help=True)

Id = Annotated[str, typer.Argument(help=say("options.failure"))]
GroupId = Annotated[str, typer.Argument(help=say("options.group"))]

_LIST = (
    plain("id"), state("states"), plain("service"), plain("event_type"), plain("reason"), plain("seen"),
    time("last_seen"), plain("message"),
)  # fmt: skip
_GROUPS = (
    plain("id"), plain("service"), plain("event_type"), ("cause", lambda row: escape(row["cause"]["title"])),
    ("open", lambda row: str(row["states"]["open"])), plain("seen"), time("first_seen"), time("last_seen"),
)  # fmt: skip
_SHOWN = ("id", "service", "event_type", "event_id", "case", "reason", "path", "exception", "message")


@app.command("list", help=say("failures.list"))
def find(  # noqa: PLR0913, PLR0917 - each is one question
    context: typer.Context,
    text: options.Text = "",
    service: options.Service = "",
    event_type: options.EventType = "",
    why: options.Why = "",
    case: options.Case = "",
    event: options.Event = "",
    group: options.Group = "",
    field: options.Field = None,
    state: options.InStates = None,
    since: options.Since = "",
    until: options.Until = "",
    most: options.Most = 50,
    *,
    json: options.AsJson = False,
) -> None:
    """Find failures."""
    asked = options.criteria(
        text=text, service=service, event_type=event_type, why=why, case=case, event=event, group=group, field=field,
        since=since, until=until,
    )  # fmt: skip
    found = caller(context).pages("failures", most, field=asked.pop("fields", None), state=state, **asked)
    if json:
        as_json(found)
    else:
        table(_LIST, found, none="failures.none")


@app.command(help=say("failures.show"))
def show(context: typer.Context, id: Id, *, json: options.AsJson = False) -> None:
    """Show one failure, masked."""
    found = caller(context).get(f"failures/{id}")
    if json:
        as_json(found)
        return
    _tell_cause(found)
    fields(
        [
            ("state", coloured("states", found["display_state"])),
            *((name.replace("_", "-"), escape(str(found[name] or ""))) for name in _SHOWN),
            ("frame", escape(found["frame"])),
            ("attempts", str(found["attempts"])),
            ("first-seen", output.moment(found["first_seen"])),
            ("last-seen", output.moment(found["last_seen"])),
            ("group", found["group"]),
            ("replay", found["replay"] or ""),
        ]
    )
    for other in found["related"]:
        about = f"{sentence('related', other['relation'])} · {word('lanes', other['service'])}"
        out.print(f"{other['id']}  {coloured('states', other['display_state'])}  {escape(about)}")
    out.print_json(data=found["body"]) if found["is_json"] else out.print(say("failures.no-json"))
    if found["stack"]:
        out.print(f"\n{escape(found['stack'])}", style="dim")


def _tell_cause(found: Json) -> None:
    """Say first what is wrong, where, and what to do."""
    reason = found["reason"]
    out.print(escape(word("explained", reason) if has("explained", reason) else word("reasons", reason)), style="bold")
    if found["broken_at"]:
        out.print(sentence("cause", "broken-at", **found["broken_at"]))
    for fault in found["faults"]:
        name = fault["pointer"].rpartition("/")[2]
        told = sentence("expected", fault["expectation"], name=name, expected=fault["expected"])
        out.print(f"  [bold]{escape(fault['pointer'])}[/]  {escape(told)}")
    advice = sentence("advice", reason if has("advice", reason) else found["remedy"])
    out.print(f"{escape(sentence('cause', 'what-to-do'))} {escape(advice)}\n")


@app.command(help=say("failures.reveal"))
def reveal(context: typer.Context, id: Id, reason: options.Reason, *, json: options.AsJson = False) -> None:
    """Show one message in clear; it is recorded."""
    found = caller(context).post(f"failures/{id}/disclosures", {"reason": reason})
    if json:
        as_json(found)
        return
    out.print_json(data=found["content"]) if found["text"] is None else out.print(escape(found["text"]))
    out.print(f"\n{escape(found['message'])}\n{escape(found['stack'])}", style="dim")


def _settling(path: str) -> Callable[..., None]:
    """Make the command that puts away (`discards`) or takes back (`restorations`)."""

    def settle(  # noqa: PLR0913, PLR0917 - each is one way to select
        context: typer.Context,
        reason: options.Reason,
        ids: options.Ids = None,
        text: options.Text = "",
        service: options.Service = "",
        event_type: options.EventType = "",
        why: options.Why = "",
        case: options.Case = "",
        event: options.Event = "",
        group: options.Group = "",
        field: options.Field = None,
        since: options.Since = "",
        until: options.Until = "",
        *,
        yes: options.Yes = False,
        json: options.AsJson = False,
    ) -> None:
        asked = options.criteria(
            text=text, service=service, event_type=event_type, why=why, case=case, event=event, group=group,
            field=field, since=since, until=until,
        )  # fmt: skip
        if asked:
            options.confirm(say(f"failures.{path}-all"), yes=yes)
        done = _settle(caller(context), path, ids, asked, reason)
        as_json(done) if json else out.print(say(f"failures.{path}", count=done["count"]))

    return settle


app.command("discard", help=say("failures.discard"))(_settling("discards"))
app.command("restore", help=say("failures.restore"))(_settling("restorations"))


@groups.command("list", help=say("groups.list"))
def find_groups(
    context: typer.Context,
    service: options.Service = "",
    event_type: options.EventType = "",
    state: options.GroupState = "open",
    most: options.Most = 50,
    *,
    json: options.AsJson = False,
) -> None:
    """List groups of failures."""
    asked = {"service": service, "event_type": event_type, "state": "" if state == "all" else state}
    found = caller(context).pages("failure-groups", most, **asked)
    if json:
        as_json(found)
    else:
        table(_GROUPS, found, none="groups.none")


@groups.command("show", help=say("groups.show"))
def show_group(context: typer.Context, id: GroupId, *, json: options.AsJson = False) -> None:
    """Show one group."""
    found = caller(context).get(f"failure-groups/{id}")
    if json:
        as_json(found)
        return
    table(_GROUPS, [found], none="groups.none")
    out.print(f"\n{_bars([hour['count'] for hour in found['trend']])}  {say('groups.trend')}")
    for note in found["notes"]:
        out.print(f"{output.moment(note['at'])}  {escape(note['by'])}: {escape(note['text'])}")


@groups.command(help=say("groups.note"))
def note(
    context: typer.Context,
    id: GroupId,
    text: Annotated[str, typer.Argument(help=say("options.note"))],
    *,
    json: options.AsJson = False,
) -> None:
    """Note something on a group."""
    noted = caller(context).post(f"failure-groups/{id}/notes", {"text": text})
    as_json(noted) if json else out.print(say("groups.noted"))


def _settle(calling: OperatorCaller, path: str, ids: list[str] | None, asked: Json, reason: str) -> Json:
    """Put away or take back as many as a request takes, until none is left of what there was at the first."""
    count = 0
    while True:
        done = calling.post(f"failures/{path}", {**options.chosen(ids, asked), "reason": reason})
        count += done["count"]
        if not done["more"] or not done["count"]:
            return {"count": count, "until": done["until"]}
        asked = {**asked, "until": done["until"]}


def _bars(counts: list[int]) -> str:
    """Draw the last two days as a line of blocks."""
    recent, blocks = counts[-48:], " ▁▂▃▄▅▆▇█"
    highest = max([*recent, 1])
    return "".join(blocks[-(-count * 8 // highest)] for count in recent)
