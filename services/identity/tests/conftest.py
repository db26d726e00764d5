from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import httpx
import pytest

from bus.topology import Topology
from identity.config import Settings
from identity.main import create_app
from local_stack import tokens
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from services.identity.tests.people import Hall
from services.identity.tests.service import Service
from store.repository import Database
from testkit.fixtures import StackAddresses


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
async def service(
    infrastructure: StackAddresses,
    bus: str,
    full_topology: Topology,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Service]:
    ensure_keys(tmp_path)
    environment = {
        "AMQP_URL": bus,
        "MONGODB_URL": infrastructure.mongodb,
        "IDENTITY_DATABASE": database.name,
        "YIZHENG_KEYS": str(tmp_path),
        "YIZHENG_JWKS": str(tmp_path / PUBLIC_KEYS),
        "YIZHENG_ISSUER": tokens.ISSUER,
        "YIZHENG_AUDIENCE": tokens.AUDIENCE,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = create_app(Settings())
    async with await aio_pika.connect(bus) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind(full_topology.exchange, "identity.#")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://i") as http,
        ):
            yield Service(http, tmp_path, heard, database)
