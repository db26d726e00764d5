"""Connecting to the broker, which may have several addresses: each in its turn, from the one after the last."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import monotonic
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from bus.addresses import each_of
from bus.tasks import is_cancelled

CONNECT_TIMEOUT = 5.0
"""Seconds that one address has to accept a connection: one that accepts and says nothing is not waited for."""

ANSWER_TIMEOUT = 5.0
"""Seconds that a node has to answer a question on a connection that is open: one that is frozen is left for another.

A queue's leader answers for it, and within this time another is elected (deploy/broker/advanced.config)."""
AVOIDED_FOR = 30.0
"""Seconds for which an address that was waited for in vain is tried after all others."""
HEARTBEAT = 6
"""Seconds, unless the address says otherwise. A client that was silent for two to three of them counts as gone, and
what it had goes to others: longer than a handler may hold the event loop (stalls.py), shorter than people wait."""

_turns: defaultdict[str, count[int]] = defaultdict(lambda: count(secrets.randbelow(1000)))
"""Each process begins somewhere else, so that many of them do not all lean on the first address."""
_silent: dict[tuple[str | None, int | None], float] = {}
"""When (monotonic seconds) a host and port was last waited for in vain."""


async def connect(url: str, *, name: str, timeout: float = CONNECT_TIMEOUT) -> AbstractConnection:  # noqa: ASYNC109 - each address has its own
    """Open a connection, known on the broker by its name, to the first of several addresses that lets us in.

    A process that connects again begins with the address after the one that it last connected to. Raises the last
    address's error (CONNECTION_EXCEPTIONS, TimeoutError).
    """
    refused: BaseException = ConnectionError("no address")
    for address in _in_turn(url):
        try:
            with raising_what_is_lost():
                async with asyncio.timeout(timeout):
                    connection = await aio_pika.connect(
                        _with_heartbeat(address), timeout=timeout, client_properties={"connection_name": name}
                    )
        except TimeoutError as error:
            note_silence(address)
            refused = error
        except CONNECTION_EXCEPTIONS as error:
            refused = error
        else:
            _silent.pop(_place(address), None)
            return connection
    raise refused


def note_silence(address: object) -> None:
    """Note that an address was waited for in vain: for a while the others are tried before it."""
    _silent[_place(address)] = monotonic()


def _in_turn(url: str) -> Iterator[str]:
    """Yield each address once, from the one after the last on; those that were silent a moment ago come last."""
    addresses, avoided = each_of(url), []
    for _ in addresses:
        address = addresses[next(_turns[url]) % len(addresses)]
        if monotonic() - _silent.get(_place(address), float("-inf")) < AVOIDED_FOR:
            avoided.append(address)
        else:
            yield address
    yield from avoided


def _place(address: object) -> tuple[str | None, int | None]:
    parts = urlsplit(str(address))
    return parts.hostname, parts.port


@contextmanager
def raising_what_is_lost() -> Iterator[None]:
    """Raise ConnectionError where a connection that froze cancels what waits on it, and no one cancelled the task."""
    try:
        yield
    except asyncio.CancelledError as error:
        if is_cancelled(error):
            raise
        raise ConnectionError("the connection was lost while waiting for the broker's answer") from error


def _with_heartbeat(address: str) -> str:
    parts = urlsplit(address)
    options = {"heartbeat": str(HEARTBEAT), **dict(parse_qsl(parts.query, keep_blank_values=True))}
    return urlunsplit(parts._replace(path=parts.path or "/", query=urlencode(options, safe="/")))
