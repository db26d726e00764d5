"""`make chaos`: the load while parts of three machines are killed, frozen and misled: nothing is lost or doubled."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

import httpx
import uvloop
from aio_pika.exceptions import AMQPError
from pymongo.errors import PyMongoError
from rich.console import Console

from local_stack.cluster import Cluster
from local_stack.failure import StackError
from local_stack.ports import Ports
from runtime.clock import today, utc_now
from runtime.console import language_of
from runtime.texts import Language
from synthetic.caller import ProblemError
from synthetic.outside import LoadError
from synthetic.progress import Bars
from tests.chaos.acts import faketime
from tests.chaos.hall import planned
from tests.chaos.report import TEXTS, Report, show
from tests.chaos.run import Plan, perform
from tests.journeys.emptying import empty
from tests.journeys.waiting import StillWaitingError
from tests.load.replay import ROOT, place_of
from tests.load.run import Run

VAR = ROOT / "var" / "chaos"
RESULT = ROOT / "build" / "chaos.json"
PORT_BASE = 27000
CONCURRENCY = 64
FAILURES = (
    *(StackError, LoadError, ProblemError, StillWaitingError),
    *(httpx.TransportError, AMQPError, PyMongoError, OSError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the run that the command line asks for; 0 when nothing is lost, doubled or unexpected."""
    language = language_of(os.environ)
    asked = _parser(language).parse_args(arguments)
    begun = time.monotonic()
    print(TEXTS.say(language, "starting", seed=asked.seed), flush=True)
    try:
        faketime()
        report = _run(asked, language)
    except* FAILURES as errors:
        print(TEXTS.say(language, "failed", why=_first(errors)), file=sys.stderr)
    except* KeyboardInterrupt:
        print(TEXTS.say(language, "stopped"), file=sys.stderr)
    else:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        show(report, language, Console())
        print(TEXTS.say(language, "written", file=RESULT.relative_to(ROOT), seconds=f"{time.monotonic() - begun:.0f}"))
        return 0 if report.ok else 1
    return 1


def _run(asked: argparse.Namespace, language: Language) -> Report:
    empty(VAR)
    with Cluster(VAR, port_base=Ports.from_environment(PORT_BASE).base) as cluster:
        run = Run(
            place=place_of(cluster),
            cases=planned(asked.minutes),
            seed=asked.seed,
            day=today(utc_now()),
            concurrency=CONCURRENCY,
            language=language,
            bars=Bars(),
        )
        return uvloop.run(perform(run, cluster, Plan(asked.minutes * 60)))


def _first(error: BaseException) -> BaseException:
    """Return the first error in groups of groups."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _parser(language: Language) -> argparse.ArgumentParser:
    def text(key: str) -> str:
        return TEXTS.say(language, f"help.{key}")

    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=text("what"))
    parser.add_argument("--minutes", type=float, default=10, help=text("minutes"))
    parser.add_argument("--seed", type=int, default=1, help=text("seed"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
