"""The topic permissions of the broker's exchanges: asserted with the exchanges, and watched.

Before RabbitMQ 4.3 they outlive an exchange that is deleted and declared again. From 4.3 they go with it, and then any
account may publish under any key. AMQP has no word for them, so the broker's management interface is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context
from typing import Any, TypedDict
from urllib.parse import quote

import httpx

from messaging.rights import NOTHING, Account, every_account
from messaging.topology import Topology

_TIMEOUT = 10.0

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


def topic_permissions(accounts: Iterable[Account], vhost: str) -> list[TopicPermission]:
    """Return the topic permissions of some accounts."""
    return [
        {"user": each.name, "vhost": vhost, "exchange": exchange, "write": pattern, "read": NOTHING}
        for each in accounts
        for exchange, pattern in each.writes.items()
    ]


@dataclass(frozen=True, slots=True)
class Management:
    """The broker's management interface: its address with an account of the tag `administrator`."""

    url: str
    vhost: str = "/"
    authority: Path | None = None
    """File with the authority whose certificates count; by default the system's."""

    async def ensure(self, topology: Topology) -> int:
        """Set the topic permissions that are missing or differ; return how many. Raises PermissionsMissingError."""
        wanted = topic_permissions(every_account(topology), self.vhost)
        async with self.client() as client:
            try:
                held = await self._held(client)
                lost = [each for each in wanted if held.get((each["user"], each["exchange"])) != each]
                for each in lost:
                    await self._set(each, client)
            except httpx.HTTPError as error:
                raise PermissionsMissingError(f"the broker's management interface: {error!r}") from error
        return len(lost)

    def client(self) -> httpx.AsyncClient:
        """Return a client of the interface, to be used as a context manager."""
        trusted = create_default_context(cafile=self.authority) if self.url.startswith("https:") else False
        return httpx.AsyncClient(base_url=self.url, timeout=_TIMEOUT, verify=trusted)

    async def _held(self, client: httpx.AsyncClient) -> Mapping[tuple[str, str], Any]:
        answer = await client.get("/api/topic-permissions")
        answer.raise_for_status()
        return {(each["user"], each["exchange"]): each for each in answer.json() if each["vhost"] == self.vhost}

    async def _set(self, wanted: TopicPermission, client: httpx.AsyncClient) -> None:
        body = {name: wanted[name] for name in ("exchange", "write", "read")}
        path = f"/api/topic-permissions/{quote(self.vhost, safe='')}/{quote(wanted['user'], safe='')}"
        (await client.put(path, json=body)).raise_for_status()
