"""`make load` and `make cluster`: replay the hall's first months, and check that nothing was lost or happened twice."""

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

from local_stack import run, tokens
from local_stack.certificates import vouching
from local_stack.cluster import Cluster
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import MACHINES, MOST_REPLICAS, Ports
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from runtime.console import language_of
from runtime.texts import Language
from synthetic.caller import ProblemError
from synthetic.outside import LoadError
from synthetic.progress import Bars
from tests.journeys.emptying import empty
from tests.load.report import TEXTS, Report, show
from tests.load.run import Place, Run, perform

ROOT = Path(__file__).resolve().parents[2]
VAR, CLUSTER_VAR = ROOT / "var" / "load", ROOT / "var" / "cluster"
RESULT, CLUSTER_RESULT = ROOT / "build" / "load.json", ROOT / "build" / "cluster.json"
PORT_BASE = 24000
CONCURRENCY = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the run that the command line asks for; 0 when everything was decided and nothing lost or doubled."""
    language = language_of(os.environ)
    asked = _parser(language).parse_args(arguments)
    if asked.stay:
        base = Ports.from_environment(PORT_BASE).base
        return run.main(Layout(CLUSTER_VAR), Ports(base, MOST_REPLICAS, MACHINES[-1]))
    begun = time.monotonic()
    try:
        report = _against_running(asked, language) if asked.gateway else _against_own(asked, language)
    except (StackError, LoadError, ProblemError, httpx.TransportError, AMQPError, PyMongoError, OSError) as error:
        print(TEXTS.say(language, "failed", why=error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(TEXTS.say(language, "stopped"), file=sys.stderr)
        return 130
    result = CLUSTER_RESULT if asked.cluster else RESULT
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(report, language, Console())
    print(TEXTS.say(language, "written", file=result.relative_to(ROOT), seconds=f"{time.monotonic() - begun:.0f}"))
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
        processes=stack.pids,
    )


def _against_own(asked: argparse.Namespace, language: Language) -> Report:
    """Run against a system of its own, from empty."""
    var, kind = (CLUSTER_VAR, Cluster) if asked.cluster else (VAR, Stack)
    begun = time.monotonic()
    print(TEXTS.say(language, "starting"), flush=True)
    empty(var)
    with kind(var, port_base=Ports.from_environment(PORT_BASE).base) as stack:
        print(TEXTS.say(language, "started", count=len(stack.names), seconds=f"{time.monotonic() - begun:.0f}"))
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
    parser.add_argument("--cluster", action="store_true", help=text("cluster"))
    parser.add_argument("--stay", action="store_true", help=text("stay"))
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help=text("concurrency"))
    parser.add_argument("--gateway", default="", help=text("gateway"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
