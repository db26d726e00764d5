"""Another process that commits to the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from store.commit import Committer
from store.heartbeat import Heartbeat
from store.repository import Database


@asynccontextmanager
async def committing(database: Database, **heart: Any) -> AsyncIterator[Committer]:  # noqa: ANN401 - Heartbeat checks
    """Run a committer of its own, with settings of its heartbeat."""
    committer = Committer(database, heartbeat=partial(Heartbeat, **heart))
    await committer.prepare()
    committer.start()
    try:
        yield committer
    finally:
        await committer.stop()
