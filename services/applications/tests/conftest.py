from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from applications.config import Settings
from applications.main import create_app
from local_stack import tokens
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from services.applications.tests.office import Office
from services.applications.tests.service import Service, running
from store.repository import Database
from testkit.fixtures import StackAddresses


@pytest.fixture
async def office() -> Office:
    """An office in which the newcomer's family, the landlord and a senior are known."""
    office = Office()
    await office.knows_family()
    return office


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that need neither broker nor store."""
    ensure_keys(tmp_path)
    environment = {
        "YIZHENG_KEYS": str(tmp_path),
        "YIZHENG_JWKS": str(tmp_path / PUBLIC_KEYS),
        "YIZHENG_ISSUER": tokens.ISSUER,
        "YIZHENG_AUDIENCE": tokens.AUDIENCE,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.fixture
async def service(
    infrastructure: StackAddresses, bus: str, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("APPLICATIONS_DATABASE", database.name)
    async with running(create_app(Settings()), bus, settings.keys, database) as service:
        yield service
