"""Declaring the topology with the administrator's account, and keeping it declared: `python -m bus.declare`.

No service may declare, delete or bind anything: whoever may declare a queue may give it a dead-letter exchange, and an
exchange an alternate one, and so have messages routed under keys that are not its own. A service looks whether
everything is there and waits until it is.

YIZHENG_BROKER_MANAGEMENT names the broker's management interface, through which the permissions of what is declared are
watched and set again. Without it RabbitMQ 4.3 and later is refused.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, ExchangeType
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed

import bus
from bus import topology
from bus.addresses import UnsafeAddressError, safe
from bus.connection import connect, raising_what_is_lost
from bus.permissions import FORGOTTEN_SINCE, Management, PermissionsMissingError
from bus.topology import Topology

MANAGEMENT = "YIZHENG_BROKER_MANAGEMENT"

log = structlog.get_logger()

_TOPOLOGY = Path(bus.__file__).resolve().parents[3] / "contracts" / "topology.toml"
_EVERY = 5.0
"""Seconds after which what somebody deleted is declared again."""
_ANSWER_TIMEOUT = 30.0
_GONE_WRONG = (*CONNECTION_EXCEPTIONS, TimeoutError, PermissionsMissingError)


async def declare(declared: Topology, channel: AbstractChannel, management: Management | None = None) -> None:
    """Declare everything; what exists already stays as it is. What exists with other arguments raises (406).

    Nothing is bound to an exchange before it holds every account to its own keys: what is published under another's
    key in between reaches no queue. Raises PermissionsMissingError.
    """
    exchanges = {name: await _exchange(channel, name) for name in declared.exchanges}
    await _hold_to_own_keys(declared, channel, management)
    for each in declared.queues:
        queue = await channel.declare_queue(each.name, durable=True, arguments=dict(each.arguments))
        for exchange, key in each.bindings:
            await queue.bind(exchanges[exchange], key)
    await _exchange(channel, declared.declared)


async def require(declared: Topology, channel: AbstractChannel) -> None:
    """See that everything is declared and every account held to its own keys. Raises ChannelNotFoundEntity (404)."""
    await channel.get_exchange(declared.declared, ensure=True)


async def _hold_to_own_keys(declared: Topology, channel: AbstractChannel, management: Management | None) -> None:
    """Set the permissions that are missing; while that is not possible, have nobody publish or consume."""
    if management is None:
        return
    try:
        lost = await management.ensure(declared)
    except PermissionsMissingError:
        await channel.exchange_delete(declared.declared)
        raise
    if lost:
        log.warning("permissions_were_missing", exchanges=len(declared.exchanges), permissions=lost)


async def keep(url: str, declared: Topology, management: Management | None = None, *, every: float = _EVERY) -> None:
    """Declare everything again and again, until cancelled: what is deleted by mistake is there again soon."""
    while True:
        try:
            with raising_what_is_lost():
                async with await connect(url, name="topology") as broker:
                    _require_management(broker, management)
                    await _make_way(broker, declared)
                    await _keep(broker, declared, management, every)
        except _GONE_WRONG as error:
            log.warning("topology_not_declared", error=repr(error))
            await asyncio.sleep(every)


async def _keep(broker: AbstractConnection, declared: Topology, management: Management | None, every: float) -> None:
    channel = await broker.channel()
    is_told = False
    while True:
        async with asyncio.timeout(_ANSWER_TIMEOUT):
            if not (is_told and management is not None and await management.knows(declared)):  # asking costs less
                await declare(declared, channel, management)
        if not is_told:
            log.info("topology_declared", queues=len(declared.queues), exchanges=len(declared.exchanges))
            is_told = True
        await asyncio.sleep(every)


def _require_management(broker: AbstractConnection, management: Management | None) -> None:
    """Raise PermissionsMissingError for a broker that forgets permissions when nothing is there to set them again."""
    version = _version(broker)
    if management is None and version >= FORGOTTEN_SINCE:
        raise PermissionsMissingError(
            f"RabbitMQ {'.'.join(map(str, version))} forgets the topic permissions of an exchange that is deleted; "
            f"{MANAGEMENT} must name its management interface, with an account of the tag administrator"
        )


def _version(broker: AbstractConnection) -> tuple[int, ...]:
    underlying = broker.transport.connection if broker.transport else None
    said = str(getattr(underlying, "server_properties", {}).get("version", "0"))
    return tuple(int(part) for part in said.split(".")[:2] if part.isdecimal())


async def _make_way(broker: AbstractConnection, declared: Topology) -> None:
    """Delete the exchanges that an earlier release declared as another type; their bindings are declared again."""
    for name in declared.exchanges:
        try:
            await _exchange(await broker.channel(), name)
        except ChannelPreconditionFailed:
            await (await broker.channel()).exchange_delete(name)


async def _exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    return await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)


async def _until_told_to_stop(url: str, declared: Topology, management: Management | None) -> None:
    keeping = asyncio.create_task(keep(url, declared, management))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, keeping.cancel)
    await asyncio.wait([keeping])


async def _once(url: str, declared: Topology, management: Management | None) -> None:
    async with await connect(url, name="topology once") as broker:
        _require_management(broker, management)
        await _make_way(broker, declared)
        async with asyncio.timeout(_ANSWER_TIMEOUT):
            await declare(declared, await broker.channel(), management)


def _management(amqp_url: str) -> Management | None:
    """Read where the management interface is. Raises UnsafeAddressError."""
    url, authority = os.environ.get(MANAGEMENT, ""), os.environ.get("YIZHENG_CA", "")
    if not url:
        return None
    hosts = os.environ.get("YIZHENG_PLAIN_HOSTS", "").split(",")
    vhost = unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/"
    return Management(safe(url, plain_hosts=hosts), vhost, Path(authority) if authority else None)


def _address() -> str:
    """Read the broker's address as the services do (web/config.py)."""
    authority = os.environ.get("YIZHENG_CA", "")
    plain_hosts = os.environ.get("YIZHENG_PLAIN_HOSTS", "").split(",")
    return safe(os.environ["AMQP_URL"], authority=Path(authority) if authority else None, plain_hosts=plain_hosts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Declare the topology of YIZHENG_TOPOLOGY on the broker of AMQP_URL, and keep it declared until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bus.declare", description=main.__doc__)
    parser.add_argument("--once", action="store_true", help="declare it and end; 1 when the broker does not agree")
    is_once = parser.parse_args(arguments).once
    declared = topology.load(Path(os.environ.get("YIZHENG_TOPOLOGY", "") or _TOPOLOGY))
    try:
        url = _address()
        asyncio.run((_once if is_once else _until_told_to_stop)(url, declared, _management(url)))
    except UnsafeAddressError as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it reads this
        return 78
    except _GONE_WRONG as error:
        log.error("topology_not_declared", error=repr(error))  # noqa: TRY400 - the broker's answer says it all
        return 1
    return 0


if __name__ == "__main__":
    import runtime.lean  # noqa: F401 - in a process of its own only

    raise SystemExit(main())
