"""The matcher over a real broker and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local_stack.keys import ensure_keys
from matcher.commands import workplace
from matcher.commands.workplace import Workplace
from matcher.config import Settings
from runtime.kernel import Database
from services.matcher.tests.outside import Outside, running
from testkit.fixtures import Addresses


@pytest.fixture
def settings(
    tmp_path: Path, infrastructure: Addresses, database: Database, bus: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    keys = tmp_path / "keys"
    ensure_keys(keys)
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(keys))
    monkeypatch.setenv("YIZHENG_JWKS", str(keys / "jwks.json"))
    monkeypatch.setenv("MATCHER_DATABASE", database.name)
    monkeypatch.setenv("MATCHER_STATISTICS_FOR", "0")
    return Settings()


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    async with running(settings) as outside:
        yield outside


@pytest.fixture
async def work(settings: Settings) -> AsyncIterator[Workplace]:
    """What the commands work with."""
    async with workplace.opened(settings) as work:
        yield work
