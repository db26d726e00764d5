"""`python -m synthetic load`: fill a running system with invented residents; a second time does nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

import httpx
from aio_pika.exceptions import AMQPError

from local_stack import broker, gateway, tokens
from local_stack.certificates import vouching
from local_stack.devices import ProvingAuth
from local_stack.layout import Layout
from local_stack.ports import Ports
from runtime.clock import today, utc_now
from runtime.console import language_of
from runtime.texts import Language
from synthetic.caller import ProblemError
from synthetic.loader import TEXTS, Loaded, Target, load
from synthetic.outside import LoadError

HOUSEHOLDS = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Load what the command line asks for; say on what to call and as whom."""
    language = language_of(os.environ)
    given = _parser(language).parse_args(arguments)
    target = _target(given.gateway, os.environ, language)
    wanted = Loaded(seed=given.seed, day=today(utc_now()), households=given.households)
    before = target.loaded
    try:
        loaded = asyncio.run(load(target, wanted))
    except (LoadError, ProblemError, httpx.TransportError, AMQPError, OSError) as error:
        print(TEXTS.say(language, "failed", error=error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(TEXTS.say(language, "stopped"), file=sys.stderr)
        return 130
    if before is not None and before.done:
        print(TEXTS.say(language, "already", households=loaded.households, seed=loaded.seed, day=loaded.day))
    else:
        people, records = len(loaded.population.people), sum(1 for _ in loaded.population.records)
        print(TEXTS.say(language, "loaded", people=people, records=records, seed=loaded.seed))
    for kind, resident_id in loaded.examples.items():
        print(TEXTS.say(language, f"examples.{kind}", resident=resident_id))
    return 0


def _parser(language: Language) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m synthetic", description=TEXTS.say(language, "help.what"))
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("load", help=TEXTS.say(language, "help.load"))
    command.add_argument("--households", type=int, default=HOUSEHOLDS, help=TEXTS.say(language, "help.households"))
    command.add_argument("--seed", type=int, default=1, help=TEXTS.say(language, "help.seed"))
    command.add_argument("--gateway", default="", help=TEXTS.say(language, "help.gateway"))
    return parser


def _target(address: str, environment: Mapping[str, str], language: Language) -> Target:
    """Find the system as every part of a run does: by the environment, else the one of this workspace."""
    layout, ports = Layout.from_environment(), Ports.from_environment()
    amqp_url = broker.administrators_url(layout, ports)
    return Target(
        gateway=address or gateway.url(ports),
        authority=vouching(layout.keys),
        amqp_url=amqp_url,
        keys=layout.keys,
        folder=layout.var / "synthetic",
        environment={**environment, "AMQP_URL": amqp_url},
        clerk_token=tokens.sign(layout.keys, "clerk", subject="clerk-synthetic"),
        auth=ProvingAuth(layout.keys),
        language=language,
    )


if __name__ == "__main__":
    raise SystemExit(main())
