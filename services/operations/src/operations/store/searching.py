"""Searching the failures, the latest first, by one index and through ever wider spans of time.

Every query is an equality on the front of one index and a range on its time: a word, a group with its state, or a state
alone. Whatever else is asked is looked up for what this finds. The span begins narrow, so that a page of the latest is
found without sorting everything that ever matched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.asynchronous.collection import AsyncCollection

from messaging.documents import CODECS, Document
from operations.domain.failure import STATES
from operations.domain.search import Criteria, Place
from operations.store.groups import GROUPS
from runtime.kernel import Database

FAILURES = "failures"
WORDS = "failure-words"
"""The words of each failure, apart from it: they stay as they are while the failure's state changes."""

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(milliseconds=1)
_SPANS = (
    *(timedelta(seconds=seconds) for seconds in (0.05, 0.5, 5, 60, 600)),
    *(timedelta(hours=hours) for hours in (2, 24, 168, 720)),
)
_RARE = ("event:", "case:")
_COMMON = ("type:", "reason:", "service:")
_FEW = 200
"""A word that fewer failures have than this is rare enough to go by."""
_CHUNK = 100

Filter = dict[str, Any]
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which collection is gone through by which filters, each by one index and together for all that is wanted."""

    collection: AsyncCollection[Document]
    shapes: Sequence[Filter]


class Searching:
    """Runs searches over the failures and their words."""

    def __init__(self, database: Database) -> None:
        self._failures = database.get_collection(FAILURES, codec_options=CODECS)
        self._words = database.get_collection(WORDS, codec_options=CODECS)
        self._groups = database.get_collection(GROUPS, codec_options=CODECS)

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
        plan = await self.plan(criteria, words)
        found: list[Document] = []
        size = limit if plan.collection is self._failures and not words else max(limit, _CHUNK)
        async for chunk in self._candidates(plan, criteria, after, size, projection):
            found += await self._meeting(plan, chunk, criteria, words, projection)
            if len(found) >= limit:
                break
        return found[:limit]

    async def plan(self, criteria: Criteria, words: Sequence[str]) -> Plan:
        """Choose the way: by a group, by the rarest word, or, when nothing else is asked, by the state."""
        if criteria.group is not None or not words:
            front: Filter = {} if criteria.group is None else {"group": criteria.group}
            return Plan(self._failures, [{**front, "state": state} for state in criteria.states or STATES])
        lead = await self._rarest(words)
        others = [word for word in words if word != lead]
        # By the copy that has no index: some stores give an index up when two conditions touch what it holds.
        return Plan(self._words, [{"words": lead, **({"terms": {"$all": others}} if others else {})}])

    async def _rarest(self, words: Sequence[str]) -> str:
        """Choose an event or a case, else a word that few failures have, else the longest."""
        named = [word for word in words if word.startswith(_RARE)]
        told = [word for word in words if not word.startswith((*_RARE, *_COMMON))]
        candidates = named[:1] or sorted(told, key=len, reverse=True) or list(words)
        for word in candidates if len(candidates) > 1 else ():
            if len(await self._words.find({"words": word}, {"_id": 1}).limit(_FEW).to_list()) < _FEW:
                return word
        return candidates[0]

    async def _candidates(
        self, plan: Plan, criteria: Criteria, after: Place | None, size: int, projection: Mapping[str, Any]
    ) -> AsyncIterator[list[Document]]:
        """Go backwards in time, at least `size` at once while there are as many."""
        if after is not None:
            same = await self._between(plan, (after[0], after[0] + _MOMENT), 0, projection)
            yield [each for each in same if each["_id"] < after[1]]
        for begin, end in _spans(criteria.since, after[0] if after else await self._latest(criteria)):
            until = end
            while begin < until:
                chunk = await self._between(plan, (begin, until), size, projection)
                yield chunk
                until = chunk[-1]["last_seen"] if len(chunk) >= size else begin

    async def _latest(self, criteria: Criteria) -> datetime:
        """Return the moment after the last failure that can be meant, which its group knows."""
        wanted = {"_id": criteria.group, "service": criteria.service, "event_type": criteria.event_type}
        given: Filter = {name: value for name, value in wanted.items() if value is not None}
        given["last_seen"] = {"$gte": _BEGINNING, "$lt": _END}
        newest = await self._groups.find(given, {"last_seen": 1}).sort([("last_seen", DESCENDING)]).limit(1).to_list()
        after = newest[0]["last_seen"] + _MOMENT if newest else _BEGINNING
        return min(after, criteria.until) if criteria.until else after

    async def _between(self, plan: Plan, span: Span, size: int, projection: Mapping[str, Any]) -> list[Document]:
        """Return the latest of a span, `size` or more of them so that of each moment there are all; 0 is no limit."""
        found: dict[str, Document] = {}
        floor = span[0]
        for shape in plan.shapes:
            part = await self._of(plan, shape, span, size, projection)
            if size and len(part) >= size:
                last = part[-1]["last_seen"]
                part += await self._of(plan, shape, (last, last + _MOMENT), 0, projection)
                floor = max(floor, last)
            found |= {each["_id"]: each for each in part}
        return _latest_first(each for each in found.values() if each["last_seen"] >= floor)

    async def _of(
        self, plan: Plan, shape: Filter, span: Span, size: int, projection: Mapping[str, Any]
    ) -> list[Document]:
        wanted = {**shape, "last_seen": {"$gte": span[0], "$lt": span[1]}}
        shown = projection if plan.collection is self._failures else {"last_seen": 1}
        return await plan.collection.find(wanted, shown).sort([("last_seen", DESCENDING)]).limit(size).to_list()

    async def _meeting(
        self, plan: Plan, chunk: list[Document], criteria: Criteria, words: Sequence[str], projection: Mapping[str, Any]
    ) -> list[Document]:
        """Return those of a chunk that meet what the way to them did not ask for."""
        by_words = plan.collection is self._words
        if not chunk or not (by_words or words):
            return chunk
        ids = {"_id": {"$in": [each["_id"] for each in chunk]}}
        if by_words:
            found = await self._failures.find(ids, projection).to_list()
            return _latest_first(each for each in found if not criteria.states or each["state"] in criteria.states)
        having = {each["_id"] async for each in self._words.find({**ids, "terms": {"$all": list(words)}}, {"_id": 1})}
        return [each for each in chunk if each["_id"] in having]


def _spans(since: datetime | None, end: datetime) -> Iterator[Span]:
    """Return ever wider spans of time, from the end backwards, without gap or overlap."""
    oldest, last = since or _BEGINNING, end
    for width in _SPANS:
        begin = max(last - width, oldest)
        if begin < end:
            yield begin, end
            end = begin
    if oldest < end:
        yield oldest, end


def _latest_first(found: Any) -> list[Document]:  # noqa: ANN401 - any documents, one after the other
    return sorted(found, key=lambda each: (each["last_seen"], each["_id"]), reverse=True)
