"""The command line: `load-mirror FILE`, `rebuild-projection`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from aio_pika.exceptions import AMQPError
from pymongo.errors import ConnectionFailure

from matcher.commands import trail, workplace
from matcher.commands.console import MatcherConsole
from matcher.commands.load_mirror import Loader
from matcher.commands.rebuild_projection import EventRefusedError, Rebuild
from matcher.config import Settings
from runtime.data_files import DataFileError

FAILED = 1
REFUSED = 3
BAD_DATA_FILE = 78


def run(arguments: Sequence[str], settings: Settings | None = None, teller: MatcherConsole | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 a part can't be reached, 2 wrong usage, 3 refused."""
    teller = teller or MatcherConsole()
    given = _parser(teller).parse_args(arguments)
    work = _load(given, settings, teller) if given.command == "load-mirror" else _rebuild(given, settings, teller)
    try:
        return asyncio.run(work)
    except DataFileError as error:
        teller.say("data-file", error=error)
        return BAD_DATA_FILE
    except ConnectionFailure as error:
        teller.say("store-down", error=error)
        return FAILED


async def _load(given: argparse.Namespace, settings: Settings | None, teller: MatcherConsole) -> int:
    path = Path(given.file)
    async with workplace.opened(settings or Settings()) as work:
        try:
            await Loader(path, work, teller).load(from_start=given.from_start)
        except OSError as error:
            teller.say("load.no-file", file=path, error=error)
            return FAILED
    return 0


async def _rebuild(given: argparse.Namespace, settings: Settings | None, teller: MatcherConsole) -> int:
    settings = settings or Settings()
    teller.say("rebuild.begins")
    async with workplace.opened(settings) as work:
        try:
            async with trail.opened(settings.amqp_url, work.runtime.topology.extracts["matcher"].queue) as opened:
                await Rebuild(work, opened, teller).run(given.unmentioned)
        except EventRefusedError as refused:
            teller.say(refused.key, unmentioned=refused.unmentioned)
            return REFUSED
        except (AMQPError, OSError, trail.TrailError) as error:
            teller.say("rebuild.no-trail", error=error)
            return FAILED
    return 0


def _parser(teller: MatcherConsole) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m matcher", description=teller.text("description"))
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load-mirror", help=teller.text("load.help"))
    load.add_argument("file", help=teller.text("load.file"))
    load.add_argument("--from-start", action="store_true", help=teller.text("load.from-start"))
    rebuild = commands.add_parser("rebuild-projection", help=teller.text("rebuild.help"))
    rebuild.add_argument("--unmentioned", choices=["keep", "drop"], help=teller.text("rebuild.unmentioned"))
    return parser
