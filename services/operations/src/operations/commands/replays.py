"""`operations replay …`: send back what failed, and have events delivered again, under one's eyes."""

from __future__ import annotations

import time as clock
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from operations.commands import options, output
from operations.commands.caller import CallRefusedError, Exit, Json, caller
from operations.commands.output import as_json, coloured, err, fields, plain, state, table, time
from operations.commands.words import say, word

app = typer.Typer(help=say("replay.help"), no_args_is_help=True)

Id = Annotated[str, typer.Argument(help=say("options.replay"))]
Rate = Annotated[int, typer.Option(min=1, help=say("options.rate"))]
Watch = Annotated[bool, typer.Option("--watch/--no-watch", "-w", help=say("options.watch"))]
Title = Annotated[str, typer.Option(help=say("options.title"))]
WhyChanged = Annotated[str, typer.Option("--reason", "-r", help=say("options.reason"))]


def _why(row: Json) -> str:
    """Say why a message did not get through this time."""
    cause = row["cause"]
    if cause is None:
        return escape(word("reasons", row["why"] or ""))
    told = (word("reasons", cause["reason"]), cause["path"], cause["exception"], row["message"] or "")
    return escape(" · ".join(filter(None, told)))


_LIST = (
    plain("id"), state("replay-states"), plain("title"), ("progress", lambda row: _progress(row["counts"])),
    plain("by"), time("created_at"), plain("reason"),
)  # fmt: skip
_ITEMS = (
    plain("n"),
    state("item-states"),
    plain("service"),
    plain("event_type"),
    plain("event_id"),
    plain("failure"),
    ("why", _why),
)
_SETTLED = ("handled", "ignored", "failed", "skipped")
_UNDER_WAY = ("running", "prepared")
_EVERY = 0.5


@app.command(help=say("replay.prepare"))
def prepare(  # noqa: PLR0913, PLR0917 - each is one way to select
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
    rate: Rate = 50,
    title: Title = "",
    *,
    start: Annotated[bool, typer.Option("--start", help=say("options.start"))] = False,
    watch: Watch = False,
    yes: options.Yes = False,
    json: options.AsJson = False,
) -> None:
    """Select, freeze, preview; with --start, begin."""
    asked = options.criteria(
        text=text, service=service, event_type=event_type, why=why, case=case, event=event, group=group, field=field,
        since=since, until=until,
    )  # fmt: skip
    body = {**options.chosen(ids, asked), "reason": reason, "rate": rate, "title": title}
    _prepare(context, body, start, watch, yes=yes, json=json)


@app.command(help=say("replay.redeliver"))
def redeliver(  # noqa: PLR0913, PLR0917 - each is one question
    context: typer.Context,
    service: Annotated[str, typer.Argument(help=say("options.service"))],
    since: options.Since,
    until: options.Until,
    reason: options.Reason,
    types: Annotated[list[str] | None, typer.Option("--type", "-t", help=say("options.type"))] = None,
    rate: Rate = 50,
    title: Title = "",
    *,
    start: Annotated[bool, typer.Option("--start", help=say("options.start"))] = False,
    watch: Watch = False,
    yes: options.Yes = False,
    json: options.AsJson = False,
) -> None:
    """Deliver what happened between two moments to one service once more."""
    trail = {"service": service, "since": options.moment(since), "until": options.moment(until), "types": types or []}
    body = {"trail": trail, "reason": reason, "rate": rate, "title": title}
    _prepare(context, body, start, watch, yes=yes, json=json)


@app.command("list", help=say("replay.list"))
def find(
    context: typer.Context,
    state: options.ReplayState = None,
    most: options.Most = 20,
    *,
    json: options.AsJson = False,
) -> None:
    """List replays."""
    found = caller(context).pages("replays", most, state=state)
    if json:
        as_json(found)
    else:
        table(_LIST, found, none="replay.none")


@app.command(help=say("replay.show"))
def show(context: typer.Context, id: Id, *, json: options.AsJson = False) -> None:
    """Show one replay."""
    _show(caller(context).get(f"replays/{id}"), json=json)


@app.command(help=say("replay.items"))
def items(
    context: typer.Context,
    id: Id,
    state: options.ItemState = None,
    most: options.Most = 100,
    *,
    json: options.AsJson = False,
) -> None:
    """Tell what became of each message."""
    found = caller(context).pages(f"replays/{id}/items", most, state=state)
    if json:
        as_json(found)
    else:
        table(_ITEMS, found, none="replay.no-items")


@app.command(help=say("replay.start"))
def start(
    context: typer.Context, id: Id, *, watch: Watch = False, yes: options.Yes = False, json: options.AsJson = False
) -> None:
    """Begin to send what was prepared."""
    _start(context, caller(context).get(f"replays/{id}"), watch, yes=yes, json=json)


@app.command(help=say("replay.watch"))
def watch(context: typer.Context, id: Id, *, json: options.AsJson = False) -> None:
    """Follow a replay until it comes to rest."""
    _watch(context, id, json=json)


@app.command(help=say("replay.pause"))
def pause(context: typer.Context, id: Id, reason: WhyChanged = "", *, json: options.AsJson = False) -> None:
    """Send nothing more for now."""
    _show(_step(context, id, "pause", {"reason": reason or None}), json=json)


@app.command(help=say("replay.resume"))
def resume(
    context: typer.Context, id: Id, reason: WhyChanged = "", *, watch: Watch = False, json: options.AsJson = False
) -> None:
    """Go on, canary first again."""
    done = _step(context, id, "resume", {"reason": reason or None})
    _watch(context, id, json=json) if watch else _show(done, json=json)


@app.command(help=say("replay.cancel"))
def cancel(context: typer.Context, id: Id, reason: options.Reason, *, json: options.AsJson = False) -> None:
    """Never send the rest."""
    _show(_step(context, id, "cancel", {"reason": reason}), json=json)


def _prepare(context: typer.Context, body: Json, start: bool, watch: bool, *, yes: bool, json: bool) -> None:  # noqa: FBT001 - as the options are
    prepared = caller(context).post("replays", body)
    if not start:
        _show(prepared, json=json)
        return
    if not json:
        _show(prepared, json=False)
    _start(context, prepared, watch, yes=yes, json=json)


def _start(context: typer.Context, prepared: Json, watch: bool, *, yes: bool, json: bool) -> None:  # noqa: FBT001 - as the options are
    options.confirm(say("replay.confirm", count=prepared["counts"]["total"], rate=prepared["rate"]), yes=yes)
    started = caller(context).post(f"replays/{prepared['id']}/start", {}, version=prepared["version"])
    _watch(context, prepared["id"], json=json) if watch else _show(started, json=json)


def _step(context: typer.Context, id: str, step: str, body: Json) -> Json:
    return caller(context).post(f"replays/{id}/{step}", body)


def _watch(context: typer.Context, id: str, *, json: bool) -> None:
    """Draw the progress on standard error until the replay rests; the exit code tells whether all got through."""
    calling = caller(context)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err) as progress:
        bar = progress.add_task(word("replay-states", "running"), total=None)
        while True:
            found = calling.get(f"replays/{id}")
            counts = found["counts"]
            stands = coloured("replay-states", found["display_state"])
            said = f"{stands} {say('replay.wave', wave=found['wave'])} {_fates(counts)} {_ran(found)}"
            settled = sum(counts[name] for name in _SETTLED)
            progress.update(bar, description=said, completed=settled, total=counts["total"])
            if found["state"] not in _UNDER_WAY:
                break
            clock.sleep(_EVERY)
    _show(found, json=json)
    unsent = found["counts"]["skipped"] if found["kind"] == "trail" and found["state"] == "done" else 0
    if found["state"] in {"stopped", "paused"} or found["counts"]["failed"] or unsent:
        told = say("replay.not-through", state=word("replay-states", found["state"]), id=id)
        raise CallRefusedError(told, Exit.FAILED_AGAIN)


def _show(found: Json, *, json: bool) -> None:
    if json:
        as_json(found)
        return
    preview = found["preview"]
    fields(
        [
            ("id", found["id"]),
            ("state", coloured("replay-states", found["display_state"])),
            ("problem", word("replay-problems", f"{found['problem']}.title") if found["problem"] else ""),
            ("trouble", escape(found["trouble"] or "")),
            ("title", escape(found["title"])),
            ("reason", escape(found["reason"] or "")),
            ("by", escape(found["by"])),
            ("created-at", output.moment(found["created_at"])),
            ("progress", _progress(found["counts"])),
            ("ran", _ran(found) if found["started_at"] else ""),
            ("rate", str(found["rate"])),
            ("seconds", f"{preview['seconds']:.0f}" if found["state"] == "prepared" else ""),
            *(
                ("to", f"{escape(each['name'])}: {each['count']}{_queue(preview, each['name'])}")
                for each in preview["services"]
            ),
            *(("type", f"{escape(each['name'])}: {each['count']}") for each in preview["types"]),
        ]
    )


def _ran(found: Json) -> str:
    """Write how long it has run: it stands still while the replay does."""
    since = found["running_since"]
    more = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds() if since else 0.0
    return str(timedelta(seconds=round(found["ran_seconds"] + max(more, 0.0))))


def _queue(preview: Json, service: str) -> str:
    for queue in preview["queues"]:
        if queue["service"] == service and queue["exists"] is False:
            return f" [red]{say('replay.queue-gone')}[/]"
        if queue["service"] == service and queue["exists"] and not queue["consumers"]:
            return f" [yellow]{say('replay.no-consumer')}[/]"
    return ""


def _progress(counts: Json) -> str:
    settled = sum(counts[name] for name in _SETTLED)
    return f"{settled}/{counts['total']} {_fates(counts)}"


def _fates(counts: Json) -> str:
    return " ".join(f"{coloured('item-states', name)} {counts[name]}" for name in _SETTLED if counts[name])
