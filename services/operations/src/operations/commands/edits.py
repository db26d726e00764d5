"""`operations edit …`: put an event right, in one's editor or from a file; another operator lets it be sent."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.markup import escape
from rich.syntax import Syntax

from operations.commands import output
from operations.commands.caller import CallRefusedError, Exit, Json, caller
from operations.commands.options import AsJson, EditState, Most, Reason
from operations.commands.output import as_json, coloured, fields, out, plain, state, table, time
from operations.commands.words import say, sentence

app = typer.Typer(help=say("edit.help"), no_args_is_help=True)

FailureId = Annotated[str, typer.Argument(help=say("options.failure"))]
EditId = Annotated[str, typer.Argument(help=say("options.edit"))]
WhyApproved = Annotated[str, typer.Option("--reason", "-r", help=say("options.reason"))]

_LIST = (
    plain("id"), state("edit-states"), plain("service"), plain("event_type"), plain("by"),
    time("created_at"), plain("reason"),
)  # fmt: skip


@app.command(help=say("edit.propose"))
def propose(
    context: typer.Context,
    failure: FailureId,
    reason: Reason,
    file: Annotated[Path | None, typer.Option("--file", "-f", help=say("options.edit-file"))] = None,
    *,
    whole_group: Annotated[bool, typer.Option("--whole-group", help=say("options.whole-group"))] = False,
    json: AsJson = False,
) -> None:
    """Propose what is to be sent instead."""
    found = caller(context).get(f"failures/{failure}")
    part = "data" if isinstance(found["body"], dict) and "data" in found["body"] else "body"
    masked = found["body"]["data"] if part == "data" else found["body"]
    written = _read(file) if file else _edit(masked)
    body = {part: _parse(written), "reason": reason, "apply_to": "group" if whole_group else "failure"}
    _show(caller(context).post(f"failures/{failure}/edits", body, version=found["version"]), json=json)


@app.command("list", help=say("edit.list"))
def find(
    context: typer.Context,
    state: EditState = None,
    failure: Annotated[str, typer.Option(help=say("options.failure"))] = "",
    most: Most = 20,
    *,
    json: AsJson = False,
) -> None:
    """List edits."""
    found = caller(context).pages("edits", most, state=state, failure=failure)
    if json:
        as_json(found)
    else:
        table(_LIST, found, none="edit.none")


@app.command(help=say("edit.show"))
def show(context: typer.Context, id: EditId, *, json: AsJson = False) -> None:
    """Show one edit with its difference."""
    _show(caller(context).get(f"edits/{id}"), json=json)


@app.command(help=say("edit.messages"))
def messages(context: typer.Context, id: EditId, most: Most = 20, *, json: AsJson = False) -> None:
    """Show what an edit for a group changes in each message."""
    found = caller(context).pages(f"edits/{id}/messages", most)
    if json:
        as_json(found)
        return
    for each in found:
        out.print(f"[bold]{each['n'] + 1}[/]  {escape(each['failure'])} → {escape(each['event_id'])}")
        out.print(Syntax(each["diff"] or say("edit.gone"), "diff", background_color="default"))


@app.command(help=say("edit.approve"))
def approve(context: typer.Context, id: EditId, reason: WhyApproved = "", *, json: AsJson = False) -> None:
    """Let it be sent, as another person than who proposed it."""
    _decide(context, id, "approval", reason, json=json)


@app.command(help=say("edit.reject"))
def reject(context: typer.Context, id: EditId, reason: Reason, *, json: AsJson = False) -> None:
    """Refuse it."""
    _decide(context, id, "rejection", reason, json=json)


@app.command(help=say("edit.withdraw"))
def withdraw(context: typer.Context, id: EditId, reason: WhyApproved = "", *, json: AsJson = False) -> None:
    """Take one's own back."""
    _decide(context, id, "withdrawal", reason, json=json)


def _decide(context: typer.Context, id: str, decision: str, reason: str, *, json: bool) -> None:
    seen = caller(context).get(f"edits/{id}")
    body = {"reason": reason or None}
    _show(caller(context).post(f"edits/{id}/{decision}", body, version=seen["version"]), json=json)


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise CallRefusedError(say("no-file", path=file, error=error.strerror), Exit.USAGE) from error


def _edit(masked: object) -> str:
    """Open the editor; what is left as it was proposes nothing."""
    before = json_text.dumps(masked, ensure_ascii=False, indent=2)
    after = click.edit(before, extension=".json")
    if after is None or after.strip() == before.strip():
        raise CallRefusedError(say("edit.unchanged"), Exit.REFUSED)
    return after


def _parse(text: str) -> object:
    try:
        return json_text.loads(text)
    except json_text.JSONDecodeError as error:
        raise CallRefusedError(say("edit.no-json", line=error.lineno, column=error.colno), Exit.USAGE) from error


def _show(found: Json, *, json: bool) -> None:
    if json:
        as_json(found)
        return
    fields(
        [
            ("id", found["id"]),
            ("state", coloured("edit-states", found["display_state"])),
            ("failure", found["failure"]),
            ("event-type", escape(found["event_type"])),
            ("event-id", f"{escape(found['event_id'])} ← {escape(found['replaces'])}"),
            ("by", escape(found["by"])),
            ("reason", escape(found["reason"])),
            ("approved-by", escape((found["approved"] or {}).get("by", ""))),
            ("created-at", output.moment(found["created_at"])),
        ]
    )
    out.print(Syntax(found["diff"], "diff", background_color="default"))
    if found["group"]:
        _show_group(found)


def _show_group(found: Json) -> None:
    """Tell what is done to the whole group, and what is left."""
    out.print(
        say("edit.of-group", count=found["messages"], group=found["group"], left=len(found["left"])), style="bold"
    )
    for change in found["changes"]:
        name = change["conversion"] or change["operation"]
        out.print(f"  {escape(sentence('changes', name, **change))}")
    for left in found["left"]:
        name = left["field"].rpartition("/")[2]
        rule = sentence("expected", left["expectation"], name=name, **left) if left["expectation"] else ""
        why = sentence("left", left["why"], rule=rule, **left)
        out.print(f"  {escape(left['failure'])}  {escape(left['event_id'])}  {escape(why)}")
    if found["has_more"]:
        out.print(say("edit.more"))
