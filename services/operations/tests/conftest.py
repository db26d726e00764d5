"""Operations over a real broker and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bus.topology import Topology
from services.operations.tests.stage import Stage, set_up
from services.operations.tests.workshop import Place, place
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.forked import preload

preload([f"services.operations.tests.{each}_worker" for each in ("letters", "replay", "trail")])


@pytest.fixture
async def stage(
    tmp_path: Path, infrastructure: StackAddresses, database: Database, bus: str, full_topology: Topology
) -> AsyncIterator[Stage]:
    assert bus
    async with set_up(tmp_path, infrastructure, database, full_topology) as stage:
        yield stage


@pytest.fixture
async def here(infrastructure: StackAddresses, database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with place(infrastructure, database, tmp_path) as laid_out:
        yield laid_out
