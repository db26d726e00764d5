"""The topic permissions of the broker's exchanges: asserted with the exchanges, and watched.

Before RabbitMQ 4.3 they outlive an exchange that is deleted and declared again. From 4.3 they go with it, and then any
account may publish under any key. AMQP has no word for them, so the broker's management interface is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context
from typing import Any, TypedDict
from urllib.parse import quote

import httpx

from bus.addresses import each_of
from bus.rights import NOTHING, BrokerAccount, every_account
from bus.topology import Topology

_TIMEOUT = 5.0
"""Seconds that one node has to answer."""

FORGOTTEN_SINCE = (4, 3)
"""The version of RabbitMQ from which an exchange that is deleted takes its topic permissions with it."""


class PermissionsMissingError(Exception):
    """The broker does not hold every account to its own keys, and that can't be mended from here; says why."""


class TopicPermission(TypedDict):
    """Which routing keys a user may write to a topic exchange, and bind to it for reading: regular expressions."""

    user: str
    vhost: str
    exchange: str
    write: str
    read: str


def topic_permissions(accounts: Iterable[BrokerAccount], vhost: str) -> list[TopicPermission]:
    return [
        {"user": each.name, "vhost": vhost, "exchange": exchange, "write": pattern, "read": NOTHING}
        for each in accounts
        for exchange, pattern in each.writes.items()
    ]


@dataclass(frozen=True, slots=True)
class Management:
    """The broker's management interface: its address with an account of the tag `administrator`.

    The address may name several nodes, with commas (https://a:b@one:15671,two:15671/): any of them serves for all.
    """

    url: str
    vhost: str = "/"
    authority: Path | None = None
    """File with the authority whose certificates count; by default the system's."""
    patience: float = _TIMEOUT

    async def ensure(self, topology: Topology) -> int:
        """Set the topic permissions that are missing or differ; return how many. Raises PermissionsMissingError."""
        refused: httpx.HTTPError | None = None
        for url in each_of(self.url):
            try:
                async with self.client(url) as client:
                    return await self._assert(topology, client)
            except httpx.HTTPError as error:
                refused = error
        raise PermissionsMissingError(f"the broker's management interface: {refused!r}") from refused

    async def knows(self, topology: Topology) -> bool:
        """Tell whether everything is declared and every account held to its own keys; False also when none says so."""
        queues = {("", each.name, each.name) for each in topology.queues}  # each is bound to the default exchange
        bindings = {(exchange, each.name, key) for each in topology.queues for exchange, key in each.bindings}
        place = quote(self.vhost, safe="")
        for url in each_of(self.url):
            with suppress(httpx.HTTPError):
                async with self.client(url) as client:
                    bound = await _rows(client, f"/api/bindings/{place}", "source", "destination", "routing_key")
                    exchanges = await _rows(client, f"/api/exchanges/{place}", "name")
                    lost = await self._lost(topology, client)
                wanted = {(name,) for name in (*topology.exchanges, topology.declared)}
                return queues | bindings <= bound and wanted <= exchanges and not lost
        return False

    def client(self, url: str) -> httpx.AsyncClient:
        """Return a client of one node's interface, to be used as a context manager."""
        trusted = create_default_context(cafile=self.authority) if url.startswith("https:") else False
        return httpx.AsyncClient(base_url=url, timeout=self.patience, verify=trusted)

    async def _assert(self, topology: Topology, client: httpx.AsyncClient) -> int:
        lost = await self._lost(topology, client)
        for each in lost:
            await self._set(each, client)
        return len(lost)

    async def _lost(self, topology: Topology, client: httpx.AsyncClient) -> Sequence[TopicPermission]:
        """Return the permissions that are missing or differ."""
        held = await self._held(client)
        wanted = topic_permissions(every_account(topology), self.vhost)
        return [each for each in wanted if held.get((each["user"], each["exchange"])) != each]

    async def _held(self, client: httpx.AsyncClient) -> Mapping[tuple[str, str], Any]:
        answer = await client.get("/api/topic-permissions")
        answer.raise_for_status()
        return {(each["user"], each["exchange"]): each for each in answer.json() if each["vhost"] == self.vhost}

    async def _set(self, wanted: TopicPermission, client: httpx.AsyncClient) -> None:
        body = {name: wanted[name] for name in ("exchange", "write", "read")}
        path = f"/api/topic-permissions/{quote(self.vhost, safe='')}/{quote(wanted['user'], safe='')}"
        (await client.put(path, json=body)).raise_for_status()


async def _rows(client: httpx.AsyncClient, path: str, *columns: str) -> set[tuple[str, ...]]:
    answer = await client.get(path, params={"columns": ",".join(columns)})
    answer.raise_for_status()
    return {tuple(row[name] for name in columns) for row in answer.json()}
