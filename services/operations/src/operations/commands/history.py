"""`operations trail` and `operations audit …`: what happened in a case, and what operators did."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from operations.commands.caller import CallRefusedError, Exit, caller
from operations.commands.options import AsJson, Most, Since, Until, moment
from operations.commands.output import as_json, err, out, plain, table, time
from operations.commands.words import say

audit = typer.Typer(help=say("audit.help"), no_args_is_help=True)

By = Annotated[str, typer.Option(help=say("options.by"))]
Action = Annotated[str, typer.Option(help=say("options.action"))]
Target = Annotated[str, typer.Option(help=say("options.target"))]
Output = Annotated[Path | None, typer.Option("--output", "-o", help=say("options.output"))]

_ENTRIES = (plain("number"), time("at"), plain("by"), plain("action"), plain("target"), plain("reason"))
_FORMS = {"text": "text/plain", "json": "application/json", "svg": "image/svg+xml"}


class OutputForm(StrEnum):
    """How a trail is written."""

    TEXT = "text"
    JSON = "json"
    SVG = "svg"


class FileForm(StrEnum):
    """How the record is taken out."""

    JSONL = "jsonl"
    CSV = "csv"


def trail(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help=say("options.case"))],
    form: Annotated[OutputForm, typer.Option("--format", "-f", help=say("options.format"))] = OutputForm.TEXT,
    output: Output = None,
    *,
    accesses: Annotated[bool, typer.Option("--accesses", help=say("options.accesses"))] = False,
    json: AsJson = False,
) -> None:
    """Tell everything about one case, in order."""
    form = OutputForm.JSON if json else form
    answer = caller(context).call(
        "GET", f"trails/{case}", headers={"Accept": _FORMS[form]}, asked={"accesses": "true" if accesses else ""}
    )
    _write((answer.text.rstrip("\n"), "\n"), output)


@audit.command("list", help=say("audit.list"))
def entries(  # noqa: PLR0913 - each is one question
    context: typer.Context,
    by: By = "",
    action: Action = "",
    target: Target = "",
    since: Since = "",
    until: Until = "",
    most: Most = 50,
    *,
    json: AsJson = False,
) -> None:
    """Read the record of actions."""
    asked = {"by": by, "action": action, "target": target, "since": moment(since), "until": moment(until)}
    found = caller(context).pages("audit-entries", most, **asked)
    if json:
        as_json(found)
    else:
        table(_ENTRIES, found, none="audit.none")


@audit.command(help=say("audit.export"))
def export(  # noqa: PLR0913, PLR0917 - each is one question
    context: typer.Context,
    by: By = "",
    action: Action = "",
    target: Target = "",
    since: Since = "",
    until: Until = "",
    form: Annotated[FileForm, typer.Option("--format", "-f", help=say("options.format"))] = FileForm.JSONL,
    output: Output = None,
    *,
    json: AsJson = False,
) -> None:
    """Take the record out, all of it unless less is asked for."""
    asked = {"by": by, "action": action, "target": target, "since": moment(since), "until": moment(until)}
    form = FileForm.JSONL if json else form
    _write(caller(context).parts("audit-entries/export", format=form.value, **asked), output)


@audit.command(help=say("audit.verify"))
def verify(context: typer.Context, *, json: AsJson = False) -> None:
    """Check that nothing was changed, taken out or cut off. Raises CallRefusedError."""
    found = caller(context).get("audit-entries/verification")
    if json:
        as_json(found)
    elif found["whole"]:
        out.print(say("audit.whole", entries=found["entries"], hash=escape(found["hash"])), style="green")
    if not found["whole"]:
        said = say("audit.broken", number=found["broken_at"], problem=found["problem"])
        raise CallRefusedError(said, Exit.REFUSED)


def _write(parts: Iterable[str], output: Path | None) -> None:
    """Write a text as it comes, however long it is; where it went is said on standard error.

    Raises CallRefusedError.
    """
    if output is None:
        sys.stdout.writelines(parts)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        raise CallRefusedError(say("no-output", path=output, error=error.strerror), Exit.USAGE) from error
    err.print(say("written", path=escape(str(output))))
