"""`make load`: replay the hall's first months, and check that nothing was lost and nothing happened twice."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import uvloop
from aio_pika.exceptions import AMQPError
from pymongo.errors import PyMongoError
from rich.console import Console

from local_stack import tokens
from local_stack.certificates import vouching
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from runtime.telling import language_of
from runtime.texts import Language
from synthetic.caller import ProblemError
from synthetic.outside import LoadError
from synthetic.progress import Bars
from tests.journeys.emptying import empty
from tests.load.report import TEXTS, Report, show
from tests.load.run import Place, Run, perform

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var" / "load"
RESULT = ROOT / "build" / "load.json"
PORT_BASE = 24000
CONCURRENCY = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the run that the command line asks for; 0 when everything was decided and nothing lost or doubled."""
    language = language_of(os.environ)
    asked = _parser(language).parse_args(arguments)
    begun = time.monotonic()
    try:
        report = _against_running(asked, language) if asked.gateway else _against_own(asked, language)
    except (StackError, LoadError, ProblemError, httpx.TransportError, AMQPError, PyMongoError, OSError) as error:
        print(TEXTS.say(language, "failed", why=error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(TEXTS.say(language, "stopped"), file=sys.stderr)
        return 130
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(report, language, Console())
    print(TEXTS.say(language, "written", file=RESULT.relative_to(ROOT), seconds=f"{time.monotonic() - begun:.0f}"))
    return 0 if report.ok else 1


def place_of(stack: Stack) -> Place:
    """See a stack as a run sees it."""
    return Place(
        gateway=stack.gateway_url,
        authority=stack.authority,
        amqp_url=stack.amqp_url,
        mongodb_url=stack.mongodb_url,
        keys=stack.layout.keys,
        folder=stack.layout.var / "load",
        environment={**os.environ, **stack.environment},
        sign=stack.token,
    )


def _against_own(asked: argparse.Namespace, language: Language) -> Report:
    """Run against a system of its own, from empty."""
    print(TEXTS.say(language, "starting"), flush=True)
    empty(VAR)
    with Stack(VAR, port_base=Ports.from_environment(PORT_BASE).base) as stack:
        return uvloop.run(perform(_run(asked, place_of(stack), language)))


def _against_running(asked: argparse.Namespace, language: Language) -> Report:
    """Run against the system that the environment and --gateway name."""
    layout = Layout.from_environment()
    place = Place(
        gateway=asked.gateway,
        authority=vouching(layout.keys),
        amqp_url=os.environ["AMQP_URL"],
        mongodb_url=os.environ["MONGODB_URL"],
        keys=layout.keys,
        folder=layout.var / "load",
        environment=dict(os.environ),
        sign=partial(tokens.sign, layout.keys),
    )
    return uvloop.run(perform(_run(asked, place, language)))


def _run(asked: argparse.Namespace, place: Place, language: Language) -> Run:
    day = today(utc_now())
    return Run(place, asked.cases, asked.seed, day, asked.concurrency, language, Bars())


def _parser(language: Language) -> argparse.ArgumentParser:
    def text(key: str) -> str:
        return TEXTS.say(language, f"help.{key}")

    parser = argparse.ArgumentParser(prog="python -m tests.load.replay", description=text("what"))
    parser.add_argument("--cases", type=int, default=14_879, help=text("cases"))
    parser.add_argument("--seed", type=int, default=1, help=text("seed"))
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help=text("concurrency"))
    parser.add_argument("--gateway", default="", help=text("gateway"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
