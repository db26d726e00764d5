"""Searching the failures, the latest first, by one index and through ever wider spans of time.

Every query is an equality on the front of one index and a range on its time: a word, a group with its state, or a state
alone. Whatever else is asked is compared in the documents that this finds, the words by their copy `terms`, which has
no index: some stores give up the index when a second condition touches what it indexes. The span begins narrow, so
that a page of the latest is found without sorting everything that ever matched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from pymongo import DESCENDING
from pymongo.asynchronous.collection import AsyncCollection

from messaging.documents import Document
from operations.domain.failure import STATES
from operations.domain.search import Criteria, Place
from runtime.clock import Clock

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""How far another machine's clock may be ahead."""
_SPANS = (timedelta(minutes=10), timedelta(hours=2), timedelta(days=1), timedelta(days=7), timedelta(days=30))
_RARE = ("event:", "case:")
_COMMON = ("type:", "reason:", "service:")
_ENOUGH = 1000
"""How far the failures with a word are counted to learn which word is rarest."""

Filter = dict[str, Any]


class Searching:
    """Runs searches over the collection of failures."""

    def __init__(self, collection: AsyncCollection[Document], clock: Clock) -> None:
        self._collection = collection
        self._clock = clock

    async def find(
        self,
        criteria: Criteria,
        words: Sequence[str],
        *,
        after: Place | None,
        limit: int,
        projection: Mapping[str, Any],
    ) -> list[Document]:
        """Return at most `limit` documents, the latest first and of the same moment the highest id first."""
        shapes = await self.shapes(criteria, words)
        found: list[Document] = []
        if after is not None:
            found = [each for each in await self._at(shapes, after[0], projection) if each["_id"] < after[1]]
        for begin, end in self._spans(criteria, after):
            if len(found) >= limit:
                break
            found += await self._between(shapes, (begin, end), limit - len(found), projection)
        return found[:limit]

    async def shapes(self, criteria: Criteria, words: Sequence[str]) -> list[Filter]:
        """Return the filters, time aside, that together find what is wanted; each goes by one index."""
        states = criteria.states or STATES
        rest: Filter = {}
        if criteria.group is not None or not words:
            front: Filter = {} if criteria.group is None else {"group": criteria.group}
            if words:
                rest["terms"] = {"$all": list(words)}
            return [{**front, "state": state, **rest} for state in states]
        lead = await self._rarest(words)
        others = [word for word in words if word != lead]
        if others:
            rest["terms"] = {"$all": others}
        if criteria.states:
            rest["state"] = {"$in": list(states)}
        return [{"words": lead, **rest}]

    async def _rarest(self, words: Sequence[str]) -> str:
        """Choose the word to go by: an event or a case, or whichever of the others fewest failures have."""
        named = [word for word in words if word.startswith(_RARE)]
        told = [word for word in words if not word.startswith((*_RARE, *_COMMON))]
        candidates = named[:1] or told or list(words)
        if len(candidates) == 1:
            return candidates[0]
        counts = {word: await self._collection.count_documents({"words": word}, limit=_ENOUGH) for word in candidates}
        return min(candidates, key=lambda word: counts[word])

    def _spans(self, criteria: Criteria, after: Place | None) -> Iterator[tuple[datetime, datetime]]:
        """Return ever wider spans of time, from the end backwards, without gap or overlap."""
        now = self._clock()
        oldest = criteria.since or _BEGINNING
        end = after[0] if after is not None else criteria.until or now + _AHEAD
        for width in _SPANS:
            begin = max(min(end, now) - width, oldest)
            if begin < end:
                yield begin, end
                end = begin
        if oldest < end:
            yield oldest, end

    async def _between(
        self, shapes: Sequence[Filter], span: tuple[datetime, datetime], limit: int, projection: Mapping[str, Any]
    ) -> list[Document]:
        """Return the latest of a span; of the moment at which it is full, all."""
        found: dict[str, Document] = {}
        for shape in shapes:
            wanted = {**shape, "last_seen": {"$gte": span[0], "$lt": span[1]}}
            cursor = self._collection.find(wanted, projection).sort([("last_seen", DESCENDING)]).limit(limit)
            part = await cursor.to_list()
            if len(part) == limit:
                part += await self._at([shape], part[-1]["last_seen"], projection)
            found |= {each["_id"]: each for each in part}
        return _latest_first(found.values())

    async def _at(self, shapes: Sequence[Filter], moment: datetime, projection: Mapping[str, Any]) -> list[Document]:
        """Return all of one moment."""
        at = {"$gte": moment, "$lte": moment}
        parts = [await self._collection.find({**shape, "last_seen": at}, projection).to_list() for shape in shapes]
        return _latest_first(chain.from_iterable(parts))


def _latest_first(found: Any) -> list[Document]:  # noqa: ANN401 - any iterable of documents
    return sorted(found, key=lambda each: (each["last_seen"], each["_id"]), reverse=True)
