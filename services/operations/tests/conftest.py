"""Operations over a real broker and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local_stack.keys import ensure_keys
from messaging.topology import Topology
from operations.config import Settings
from runtime.kernel import Database
from services.operations.tests.stage import Stage, environment, staged
from services.operations.tests.workshop import Place, place
from testkit.fixtures import Addresses, empty
from testkit.forked import preload

preload([f"services.operations.tests.{each}_worker" for each in ("letters", "replay", "trail")])


@pytest.fixture
async def stage(
    tmp_path: Path,
    infrastructure: Addresses,
    database: Database,
    bus: str,
    full_topology: Topology,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Stage]:
    ensure_keys(tmp_path)
    for name, value in environment(tmp_path, bus, infrastructure.mongodb, f"{database.name}-ops").items():
        monkeypatch.setenv(name, value)
    try:
        async with staged(Settings(), database, full_topology) as stage:
            yield stage
    finally:
        await empty(database.client[f"{database.name}-ops"])


@pytest.fixture
async def here(infrastructure: Addresses, database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with place(infrastructure, database, tmp_path) as laid_out:
        yield laid_out
