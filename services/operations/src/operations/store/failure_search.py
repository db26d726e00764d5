"""Searching the failures, the latest first: each by an index of the store that ends in their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pymongo
from pymongo import DESCENDING
from pymongo.errors import ExecutionTimeout, NetworkTimeout

from operations.domain.failure import STATES
from operations.domain.search import Criteria, Place
from runtime.errors import Refusal
from store.repository import CODECS, Database, Document, behind

FAILURES = "failures"
SEARCHED_FOR = 2.0
"""Seconds that a page of a search may take: two words that very many failures have, and none both, want a minute."""
_EACH = 0.001
"""Seconds more for each failure that is asked for."""


class FailureSearch:
    """Runs searches over the failures."""

    def __init__(self, database: Database) -> None:
        self._failures = database.get_collection(FAILURES, codec_options=CODECS)

    async def find(
        self,
        criteria: Criteria,
        words: Sequence[str],
        *,
        after: Place | None,
        limit: int,
        projection: Mapping[str, Any] | None,
    ) -> list[Document]:
        """Return at most `limit` documents, the latest first and of the same moment the highest id first.

        Raises Refusal (`search-too-wide`) when too many failures would have to be read.
        """
        wanted = question(criteria, words, after)
        try:
            with pymongo.timeout(SEARCHED_FOR + _EACH * limit):
                return await self._latest(wanted, limit, projection)
        except (ExecutionTimeout, NetworkTimeout) as error:  # whichever sees first that the time is over: store, driver
            raise Refusal("search-too-wide", field="until", seconds=f"{SEARCHED_FOR:g}") from error

    async def _latest(self, wanted: Document, limit: int, projection: Mapping[str, Any] | None) -> list[Document]:
        found = await self._failures.find(wanted, projection).sort("last_seen", DESCENDING).limit(limit).to_list()
        if len(found) == limit:  # no index knows the order of what was seen last in one moment
            last = found[-1]["last_seen"]
            later = [each for each in found if each["last_seen"] > last]
            found = later + await self._failures.find({"$and": [wanted, {"last_seen": last}]}, projection).to_list()
        return sorted(found, key=lambda each: (each["last_seen"], each["_id"]), reverse=True)[:limit]


def question(criteria: Criteria, words: Sequence[str], after: Place | None) -> Document:
    """Ask the store for the failures that meet all criteria and have all words, behind a place.

    By a group, or by nothing else, it names all states: what is read by state is in the order of time in the index.
    """
    by_state = criteria.group is not None or not words
    span = {"$gte": _up(criteria.since), "$lt": _up(criteria.until)}
    asked: dict[str, Document | str | None] = {
        "last_seen": {name: moment for name, moment in span.items() if moment},
        "group": criteria.group,
        "state": {"$in": list(criteria.states or STATES)} if criteria.states or by_state else None,
        "words": {"$all": list(words)} if words else None,
    }
    wanted: Document = {name: value for name, value in asked.items() if value}
    return wanted if after is None else {"$and": [wanted, behind("last_seen", after)]}


def _up(moment: datetime | None) -> datetime | None:
    """Round up to the millisecond: the store knows no less, and would cut off what is less of the moment asked for."""
    return moment and moment + timedelta(microseconds=-moment.microsecond % 1000)
