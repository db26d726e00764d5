"""Counting the evidence: it means reading all of it, so the last count is kept and given until there is a new one."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import structlog
from pymongo.errors import PyMongoError

from matcher.domain.statistics import Statistics, counted
from matcher.store.bulk import read_all
from store.repository import CODECS, Database

COUNTS = "counts"
_EVIDENCE = "evidence"
_AT_ONCE = 500

log = structlog.get_logger()


class EvidenceCount:
    """The latest count of the evidence; a new one is begun when somebody asks and it is too old."""

    def __init__(self, database: Database, *, fresh_for: float) -> None:
        self._evidence = database[_EVIDENCE]
        self._counts = database.get_collection(COUNTS, codec_options=CODECS)
        self._fresh_for = timedelta(seconds=fresh_for)
        self._counting: asyncio.Task[Statistics] | None = None

    async def latest(self) -> Statistics:
        """Return the latest count; only when there has never been one, wait for it."""
        kept = await self._counts.find_one({"_id": _EVIDENCE})
        latest = None if kept is None else Statistics.model_validate(kept["statistics"])
        if latest is not None and datetime.now(UTC) - latest.counted_at < self._fresh_for:
            return latest
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
            self._counting.add_done_callback(_tell_failure)
        if latest is not None:
            return latest
        return await asyncio.shield(self._counting)

    async def _count(self) -> Statistics:
        counted_at = datetime.now(UTC)
        people = registered = 0
        records: Counter[tuple[str, str, str]] = Counter()
        async for batch in read_all(self._evidence, _AT_ONCE, in_full=False):
            people += len(batch)
            registered += sum(document["resident_id"] is not None for document in batch)
            records.update(
                (record["source"], record["document_type"], record["status"])
                for document in batch
                for record in document["records"]
            )
        statistics = counted(counted_at, people, registered, records)
        await self._counts.replace_one(
            {"_id": _EVIDENCE}, {"_id": _EVIDENCE, "statistics": statistics.model_dump()}, upsert=True
        )
        return statistics


def _tell_failure(counting: asyncio.Task[Statistics]) -> None:
    """Log why a count that nobody may be waiting for has failed; the next one who asks begins another."""
    error = None if counting.cancelled() else counting.exception()
    if isinstance(error, PyMongoError):
        log.warning("count_failed", error=repr(error))
    elif error is not None:
        log.error("count_failed", exc_info=error)
