"""Connecting to the broker, which may have several addresses: each in its turn, from the one after the last."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from itertools import count
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from messaging.addresses import each_of

CONNECT_TIMEOUT = 5.0
"""Seconds that one address has to let somebody in: one that accepts and says nothing is not waited for."""

ANSWER_TIMEOUT = 7.0
"""Seconds that a node has to answer a question on a connection that is open: one that is frozen is left for another."""
HEARTBEAT = 6
"""Seconds, unless the address says otherwise. A client that was silent for two to three of them counts as gone, and
what it had goes to others: longer than a handler may hold the event loop (stalls.py), shorter than people wait."""

_turns: defaultdict[str, count[int]] = defaultdict(lambda: count(secrets.randbelow(1000)))
"""Each process begins somewhere else, so that many of them do not all lean on the first address."""


async def connect(url: str, *, name: str, timeout: float = CONNECT_TIMEOUT) -> AbstractConnection:  # noqa: ASYNC109 - each address has its own
    """Open a connection, known on the broker by its name, to the first of several addresses that lets us in.

    A process that connects again begins with the address after the one that it last connected to. Raises the last
    address's error (CONNECTION_EXCEPTIONS, TimeoutError).
    """
    addresses = each_of(url)
    refused: BaseException = ConnectionError("no address")
    for _ in addresses:
        address = addresses[next(_turns[url]) % len(addresses)]
        try:
            async with asyncio.timeout(timeout):
                return await aio_pika.connect(
                    _with_heartbeat(address), timeout=timeout, client_properties={"connection_name": name}
                )
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            refused = error
    raise refused


def _with_heartbeat(address: str) -> str:
    parts = urlsplit(address)
    options = {"heartbeat": str(HEARTBEAT), **dict(parse_qsl(parts.query, keep_blank_values=True))}
    return urlunsplit(parts._replace(path=parts.path or "/", query=urlencode(options, safe="/")))
