"""Puts the command line together and turns what goes wrong into a sentence and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from operations.commands import edits, failures, history, replays
from operations.commands.caller import CallRefusedError, Exit, OperatorCaller, caller_of, default_url
from operations.commands.output import err
from operations.commands.words import say

app = typer.Typer(
    name="operations", help=say("help"), no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)
app.add_typer(failures.groups, name="groups")
app.add_typer(failures.app, name="failures")
app.add_typer(replays.app, name="replay")
app.add_typer(edits.app, name="edit")
app.command(help=say("trail.help"))(history.trail)
app.add_typer(history.audit, name="audit")


@dataclass
class Setting:
    """Whom to call, as whom. The caller is made when a command needs it, so that `--help` needs no token."""

    url: str
    token: str
    token_file: Path | None
    authority: Path | None
    key: Path | None
    made: OperatorCaller | None = None

    def caller(self) -> OperatorCaller:
        """Return the caller. Raises CallRefusedError without a token."""
        self.made = self.made or caller_of(self.url, self.token, self.token_file, self.authority, self.key)
        return self.made


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="OPERATIONS_URL", help=say("options.url"))] = default_url(),
    token: Annotated[str, typer.Option(envvar="OPERATIONS_TOKEN", show_default=False, help=say("options.token"))] = "",
    token_file: Annotated[
        Path | None, typer.Option(envvar="OPERATIONS_TOKEN_FILE", help=say("options.token-file"))
    ] = None,
    authority: Annotated[Path | None, typer.Option("--ca", envvar="YIZHENG_CA", help=say("options.authority"))] = None,
    key: Annotated[Path | None, typer.Option(envvar="OPERATIONS_KEY", help=say("options.key"))] = None,
) -> None:
    """Read what every command needs."""
    context.obj = Setting(url, token, token_file, authority, key)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code is one of `Exit`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        done = app(args=words, standalone_mode=False)
        return done if isinstance(done, int) else Exit.DONE
    except CallRefusedError as refused:
        _tell(refused, as_json="--json" in words)
        return refused.code
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        err.print(say("nothing-done"))
        return 130
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()
        return Exit.DONE
    except Exception as wrong:
        show = getattr(wrong, "show", None)  # wrong usage, which click explains itself
        if show is None:
            raise
        show()
        return Exit.USAGE


def _tell(refused: CallRefusedError, *, as_json: bool) -> None:
    """Say what went wrong on standard error: in words, or for a script that asked for JSON as a problem."""
    if as_json:
        problem = refused.problem or {"title": str(refused)}
        sys.stderr.write(json.dumps(problem, ensure_ascii=False) + "\n")
    else:
        err.print(escape(str(refused)), style="red", soft_wrap=True)
