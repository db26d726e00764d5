"""The matcher over a real broker and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from matcher.commands import workplace
from matcher.commands.workplace import Workplace
from matcher.config import Settings
from services.matcher.tests.outside import Outside, running
from store.repository import Database


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("MATCHER_DATABASE", database.name)
    surroundings.setenv("MATCHER_STATISTICS_FOR", "0")
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
