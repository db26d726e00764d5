"""`make demo`: the newcomer's day from an empty system, told step by step; nothing is left running.

With PORTAL=1 the same day is clicked in the portal; SHOW=1 opens windows to watch it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from local_stack.failure import StackError
from local_stack.keys import BLIND_INDEX_KEY
from local_stack.ports import PROCESSES, SERVICES, Ports
from local_stack.stack import Stack
from runtime.clock import SHENZHEN
from runtime.console import language_of
from runtime.texts import Language
from store.blind_index import BlindIndex
from tests.browser.visitor import SCREENS, chromium
from tests.journeys.clicked import journey
from tests.journeys.day import TEXTS, System
from tests.journeys.emptying import empty
from tests.journeys.newcomer import Told, live
from tests.journeys.trail import Event, by_id, read_trail

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var" / "demo"
RESULT = ROOT / "build" / "demo.json"
PORT_BASE = 21000


def main() -> int:
    """Run the demo; 0 when every step went well."""
    language = language_of(os.environ)
    begun = time.monotonic()
    is_clicked, is_shown = (os.environ.get(name, "") not in {"", "0"} for name in ("PORTAL", "SHOW"))
    if is_clicked and is_shown and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print(TEXTS.say(language, "clicked.no-window"), file=sys.stderr)
        return 1
    _print(TEXTS.say(language, "clicked.title" if is_clicked else "title"), TEXTS.say(language, "starting"))
    try:
        empty(VAR)
        services = PROCESSES if is_clicked else SERVICES
        ports = Ports.from_environment(PORT_BASE)
        with Stack(VAR, port_base=ports.base, services=services, services_tls=ports.services_tls) as stack:
            _print(TEXTS.say(language, "started", seconds=f"{time.monotonic() - begun:.1f}"))
            system = system_of(stack)
            told = asyncio.run(_click(system, language, shown=is_shown) if is_clicked else _run(system, language))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(TEXTS.say(language, "stopped"), file=sys.stderr)
        return 130
    _write(told)
    _print(_closing(told, language, time.monotonic() - begun))
    return 0 if told.ok else 1


def system_of(stack: Stack) -> System:
    """See a stack as the outside sees it."""
    index = BlindIndex.from_file(stack.layout.keys / BLIND_INDEX_KEY)
    return System(stack.gateway_url, stack.authority, stack.amqp_url, index, stack.layout.keys, stack.token)


async def _run(system: System, language: Language) -> Told:
    told = await live(system, language, _print)
    if "permit" in told.applications:
        await _show_trail(system, told.applications["permit"], language)
    return told


async def _click(system: System, language: Language, *, shown: bool) -> Told:
    async with chromium(shown=shown) as browser:
        told = await journey.live(system, browser, language, _print)
    count = len(list(SCREENS.glob("[0-9][0-9]-*.png")))
    _print(TEXTS.say(language, "clicked.screens", count=count, folder=SCREENS.relative_to(ROOT)))
    return told


async def _show_trail(system: System, application: str, language: Language) -> None:
    events = await read_trail(system.amqp_url, system.keys, application)
    known = by_id(events)
    _print("", TEXTS.say(language, "trail.title", application=application))
    _print(*(_line(event, known, language) for event in events))


def _line(event: Event, known: dict[str, Event], language: Language) -> str:
    cause = known.get(event.cause or "")
    return TEXTS.say(
        language,
        "trail.line",
        time=event.time.astimezone(SHENZHEN).strftime("%H:%M:%S.%f")[:-3],
        event=f"{event.name}{f' ({about})' if (about := event.about) else ''}".ljust(44),
        publisher=event.publisher.ljust(16),
        cause=TEXTS.say(language, "trail.caused", event=cause.name) if cause else TEXTS.say(language, "trail.first"),
    )


def _write(told: Told) -> None:
    steps = [{"name": step.name, "ok": step.ok, "seconds": step.seconds} for step in told.steps]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(
        json.dumps({"steps": steps, "ok": told.ok}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _closing(told: Told, language: Language, seconds: float) -> str:
    if told.ok:
        file = RESULT.relative_to(ROOT)
        return TEXTS.say(language, "all-well", steps=len(told.steps), seconds=f"{seconds:.1f}", file=file)
    failed = told.steps[-1]
    name = TEXTS.say(language, f"steps.{failed.name}")
    return TEXTS.say(language, "not-well", number=len(told.steps), name=name, why=failed.why)


def _print(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
