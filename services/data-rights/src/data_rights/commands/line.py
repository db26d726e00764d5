"""The command line: `verify [--heads FILE] [--keys FILE]`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from pymongo.errors import PyMongoError

from data_rights.commands import verify
from data_rights.commands.console import RecordConsole
from data_rights.config import Settings

FAILED = 1


def run(arguments: Sequence[str], settings: Settings | None = None, teller: RecordConsole | None = None) -> int:
    """Run a command and return its exit code: 0 whole, 1 can't be reached or read, 2 wrong usage, 3 not whole."""
    teller = teller or RecordConsole()
    given = _parser(teller).parse_args(arguments)
    settings = settings or Settings()
    try:
        return asyncio.run(verify.run(settings, teller, [*filter(None, (settings.heads,)), *given.heads], given.keys))
    except PyMongoError as error:
        teller.say("store-down", error=error)
        return FAILED
    except (OSError, ValueError) as error:
        teller.say("verify.no-heads", error=error)
        return FAILED


def _parser(teller: RecordConsole) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data_rights", description=teller.text("description"))
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("verify", help=teller.text("verify.help"))
    checking.add_argument("--heads", type=Path, action="append", default=[], help=teller.text("verify.heads"))
    checking.add_argument("--keys", type=Path, help=teller.text("verify.keys"))
    return parser
