"""Another process that commits to the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from messaging.commit import Committer
from messaging.documents import Database


@asynccontextmanager
async def committing(database: Database) -> AsyncIterator[Committer]:
    """Run a committer of its own."""
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    try:
        yield committer
    finally:
        await committer.stop()
