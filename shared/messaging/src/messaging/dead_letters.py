"""The operator's first tool: list, show and replay dead letters (`python -m messaging.dead_letters --help`).

A replay goes back to the queue of the service that failed it and to nobody else. The letter is removed only after the
broker has confirmed, so that a tool killed in between leaves it in both places, and the inbox ignores the second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import aio_pika
import orjson
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

from messaging import topology
from messaging.envelope import new_event_id
from messaging.publisher import BrokerUnavailableError, Publisher
from messaging.topology import RETRY_EXCHANGE, Topology, dead_letters_of

Line = dict[str, str]

_ENVELOPE = ("specversion", "datacontenttype", "id", "source", "type", "time", "correlationid", "causationid")
_HARMLESS = ("_id", "type", "item", "requirement", "field", "source", "result", "_on", "_at")
_SHOWN = ("x-reason", "x-event-type", "x-event-id", "x-case", "x-failed-at", "x-exception", "x-message")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when it did what was asked, 1 when there is no such letter, 2 when the broker is away."""
    options = _parser().parse_args(arguments)
    if options.action in {"show", "replay"} and not options.id:
        _parser().error(f"{options.action} needs the event id: --id …")
    try:
        return asyncio.run(_run(options))
    except (AMQPError, OSError, BrokerUnavailableError) as error:
        print(f"the broker does not answer at AMQP_URL: {error!r}", file=sys.stderr)
        return 2


def letter_of(message: AbstractIncomingMessage, service: str) -> Line:
    """Describe a dead letter: what failed, where, why and when."""
    line: Line = {"service": service}
    for header in _SHOWN:
        line[header.removeprefix("x-")] = str(message.headers.get(header) or "")
    if "x-reason" not in message.headers:  # the broker itself gave it up, and knows nothing of events
        event = _read(message.body)
        known = event if isinstance(event, dict) else {}
        line |= {
            "reason": "delivery-limit",
            "event-type": str(known.get("type", "")),
            "event-id": str(known.get("id", "")),
        }
    line["event-id"] = line["event-id"] or message.message_id or ""
    return line


async def replay(amqp_url: str, services: tuple[str, ...], wanted: Callable[[Line], bool]) -> list[Line]:
    """Send the wanted letters back to the service that failed them; return what was sent."""
    publisher = Publisher(amqp_url, name="dead-letters")
    sent: list[Line] = []
    try:
        async with await aio_pika.connect(amqp_url) as connection:
            for service in services:
                for message in await _take(connection, service):
                    line = letter_of(message, service)
                    if wanted(line):
                        await _send_back(publisher, message, service)
                        sent.append(line)
    finally:  # closing the connection puts everything that was not acknowledged back in its place
        await publisher.close()
    return sent


async def _send_back(publisher: Publisher, message: AbstractIncomingMessage, service: str) -> None:
    await publisher.publish(message.body, exchange=RETRY_EXCHANGE, routing_key=service, message_id=new_event_id())
    await message.ack()


async def _take(connection: aio_pika.abc.AbstractConnection, service: str) -> list[AbstractIncomingMessage]:
    """Take every letter that is there now, without acknowledging; none of a service that has never run."""
    channel = await connection.channel()
    try:
        queue = await channel.declare_queue(dead_letters_of(service), passive=True)
    except ChannelNotFoundEntity:
        return []
    taken = []
    for _ in range(queue.declaration_result.message_count or 0):
        message = await queue.get(fail=False)
        if message is None:
            break
        taken.append(message)
    return taken


async def _run(options: argparse.Namespace) -> int:
    declared = topology.load(options.topology)
    services = _services(options, declared)
    if options.action in {"replay", "replay-all"}:
        everything = options.action == "replay-all"
        sent = await replay(options.amqp, services, lambda line: everything or line["event-id"] == options.id)
        _print(sent, as_json=options.json)
        print(f"replayed: {len(sent)}", file=sys.stderr)
        return 0 if sent or everything else 1
    return await _look(options, services)


async def _look(options: argparse.Namespace, services: tuple[str, ...]) -> int:
    async with await aio_pika.connect(options.amqp) as connection:
        found = [
            (letter_of(message, service), message)
            for service in services
            for message in await _take(connection, service)
        ]
    if options.action == "list":
        _print([line for line, _ in found], as_json=options.json)
        return 0
    chosen = [message for line, message in found if line["event-id"] == options.id]
    if not chosen:
        print(f"no dead letter with the event id {options.id!r}", file=sys.stderr)
        return 1
    _show(chosen[0])
    return 0


def _services(options: argparse.Namespace, declared: Topology) -> tuple[str, ...]:
    if options.service and options.service not in declared.services:
        _parser().error(f"no such service: {options.service}; there are {', '.join(declared.services)}")
    return (options.service,) if options.service else declared.services


def _print(lines: list[Line], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
    elif not lines:
        print("no dead letters")
    for line in [] if as_json else lines:
        print("{failed-at}  {service:<17} {reason:<18} {event-type:<42} {event-id}  {message}".format(**line))


def _show(message: AbstractIncomingMessage) -> None:
    """Print everything about one letter, its texts masked."""
    for name, value in sorted(message.headers.items()):
        print(f"{name.removeprefix('x-')}: {value!s}")
    print()
    content = _read(message.body)
    if content is None:
        print(f"({len(message.body)} bytes that are not JSON)")
    else:
        print(orjson.dumps(_masked(content), option=orjson.OPT_INDENT_2).decode())


def _read(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _masked(value: object, name: str = "") -> object:
    """Hide every text but the envelope's own and what, by its name, is an id, a code or a date."""
    if isinstance(value, dict):
        return {key: part if key in _ENVELOPE else _masked(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, name) for part in value]
    return value if name.endswith(_HARMLESS) or not isinstance(value, str) or not value else "•••"


def _parser() -> argparse.ArgumentParser:
    contracts = Path(__file__).resolve().parents[3] / "contracts" / "topology.toml"
    parser = argparse.ArgumentParser(prog="dead-letters", description="List, show and replay dead letters")
    parser.add_argument("action", choices=["list", "show", "replay", "replay-all"])
    parser.add_argument("--service", default="", help="only of this service")
    parser.add_argument("--id", default="", help="the event id; show and replay need one")
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.add_argument("--amqp", default=os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:18020/"))
    parser.add_argument("--topology", type=Path, default=Path(os.environ.get("YIZHENG_TOPOLOGY", "") or contracts))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
