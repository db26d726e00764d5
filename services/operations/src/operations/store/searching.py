"""Searching the failures, the latest first, by one index and through ever wider spans of time.

Every query is an equality on the front of one index and a range on its time: a word, a group with its state, or a state
alone. Whatever else is asked is looked up for what this finds. The span begins narrow, so that the latest are found
without sorting everything that ever matched; of what is rare that is little, and one span is enough.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.asynchronous.collection import AsyncCollection

from messaging.documents import CODECS, Document, parts
from operations.domain.failure import STATES
from operations.domain.search import Criteria, Place
from operations.store.groups import GROUPS, TALLIES
from operations.store.pages import WIDEST, WORDS, Entry, Pages, entries
from runtime.kernel import Database

FAILURES = "failures"

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(milliseconds=1)
_SPANS = (
    *(timedelta(seconds=seconds) for seconds in (0.05, 0.5, 5, 60, 600)),
    *(timedelta(hours=hours) for hours in (2, 24, 168, 720)),
)
_RARE = ("event:", "case:", "cause:")
_COMMON = ("type:", "reason:", "service:")
_FEW = 64
"""A word that fewer pages have than this is rare enough to go by."""
_PAGES, _MORE_PAGES = 4, 16
"""Read at once: of what is on many, and of what is on few, most of which will be wanted."""
_ANY = Criteria()
_CHUNK = 100

Filter = dict[str, Any]
Span = tuple[datetime, datetime]
Shown = Mapping[str, Any] | None
_WHOLE: Shown = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which collection is gone through by which filters, each by one index and together for all that is wanted.

    `is_short`: little meets them, whenever that was.
    """

    collection: AsyncCollection[Document]
    shapes: Sequence[Filter]
    is_short: bool = False


class Searching:
    """Runs searches over the failures and their words."""

    def __init__(self, database: Database) -> None:
        self._failures = database.get_collection(FAILURES, codec_options=CODECS)
        self._pages = database.get_collection(WORDS, codec_options=CODECS)
        self._entries = Pages(database)
        self._groups = database.get_collection(GROUPS, codec_options=CODECS)
        self._tallies = database.get_collection(TALLIES, codec_options=CODECS)

    async def find(
        self,
        criteria: Criteria,
        words: Sequence[str],
        *,
        after: Place | None,
        limit: int,
        projection: Shown,
    ) -> list[Document]:
        """Return at most `limit` documents, the latest first and of the same moment the highest id first."""
        chunks = (
            self._by_state(criteria, words, after, limit, projection)
            if criteria.group is not None or not words
            else self._by_words(criteria, words, after, projection)
        )
        found: list[Document] = []
        async for chunk in chunks:
            found += chunk
            if len(found) >= limit:
                break
        return found[:limit]

    async def plan(self, criteria: Criteria, words: Sequence[str]) -> Plan:
        """Choose the way: by a group, by the rarest word, or, when nothing else is asked, by the state."""
        if criteria.group is not None or not words:
            front: Filter = {} if criteria.group is None else {"group": criteria.group}
            return Plan(self._failures, [{**front, "state": state} for state in criteria.states or STATES])
        word, is_rare = await self._rarest(words)
        return Plan(self._pages, [{"words": word}], is_rare)

    async def _rarest(self, words: Sequence[str]) -> tuple[str, bool]:
        """Choose an event or a case, else a word that few failures have, with numbers first, else the most telling.

        Tell whether it is known to be rare.
        """
        named = [word for word in words if word.startswith(_RARE)]
        told = sorted((word for word in words if not word.startswith((*_RARE, *_COMMON))), key=_promise, reverse=True)
        if named or not told:
            return (named[0], True) if named else (words[-1], False)
        for word in told if len(told) > 1 else ():
            if len(await self._pages.find({"words": word}, {"_id": 1}).limit(_FEW).to_list()) < _FEW:
                return word, True
        return told[0], False

    async def _by_state(
        self, criteria: Criteria, words: Sequence[str], after: Place | None, limit: int, projection: Shown
    ) -> AsyncIterator[list[Document]]:
        """Go through the failures of a group or state, and look up which of them have the words."""
        plan = await self.plan(criteria, words)
        if after is not None:
            same = await self._between(plan, (after[0], after[0] + _MOMENT), 0, projection)
            yield await self._having(words, [each for each in same if each["_id"] < after[1]])
        end = min(after[0] if after else _END, criteria.until or _END, await self._latest(criteria))
        async for chunk, _ in self._backwards(plan, (criteria.since, end), max(limit, _CHUNK), projection):
            yield await self._having(words, chunk)

    async def _by_words(
        self, criteria: Criteria, words: Sequence[str], after: Place | None, projection: Shown
    ) -> AsyncIterator[list[Document]]:
        """Go through the pages that have a word. An entry is due when no page to come can have a later one."""
        last = min(after[0] + _MOMENT if after else _END, criteria.until or _END)
        plan = await self.plan(criteria, words)
        end = last + WIDEST  # a page is as late as its latest entry, which others may have brought than are asked for
        if not plan.is_short:
            newest = await self._latest(_ANY)
            named = criteria.service or criteria.event_type
            end = min(end, newest, await self._latest(criteria) + WIDEST if named else newest)
        waiting: list[Entry] = []
        at_once = _MORE_PAGES if plan.is_short else _PAGES
        async for pages, floor in self._backwards(plan, (criteria.since, end), at_once, _WHOLE):
            waiting += [entry for page in pages for entry in entries(page, words) if _is_meant(entry, criteria, after)]
            due = sorted((entry for entry in waiting if entry.at >= floor), reverse=True)
            waiting = [entry for entry in waiting if entry.at < floor]
            for some in parts([entry.id for entry in due]):
                yield await self._failing(some, criteria, projection)

    async def _backwards(
        self, plan: Plan, limits: tuple[datetime | None, datetime], size: int, projection: Shown
    ) -> AsyncIterator[tuple[list[Document], datetime]]:
        """Go backwards in time, `size` or more at once while there are as many; with the moment where the rest ends."""
        for begin, end in _spans(*limits, () if plan.is_short else _SPANS):
            until = end
            while begin < until:
                chunk = await self._between(plan, (begin, until), size, projection)
                until = chunk[-1]["last_seen"] if len(chunk) >= size else begin
                yield chunk, until

    async def _latest(self, criteria: Criteria) -> datetime:
        """Return the moment after the last failure that can be meant, whenever that was: its group knows.

        What groups don't count yet may be later; that is read first, as it may be added to them meanwhile.
        """
        wanted = {"_id": criteria.group, "service": criteria.service, "event_type": criteria.event_type}
        given: Filter = {name: value for name, value in wanted.items() if value is not None}
        given["last_seen"] = {"$gte": _BEGINNING, "$lt": _END}
        uncounted = {"last_seen": given["last_seen"]}
        newest = [*await _newest(self._tallies, uncounted), *await _newest(self._groups, given)]
        return max(newest) + _MOMENT if newest else _BEGINNING

    async def _between(self, plan: Plan, span: Span, size: int, projection: Shown) -> list[Document]:
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

    async def _of(self, plan: Plan, shape: Filter, span: Span, size: int, projection: Shown) -> list[Document]:
        wanted = {**shape, "last_seen": {"$gte": span[0], "$lt": span[1]}}
        return await plan.collection.find(wanted, projection).sort([("last_seen", DESCENDING)]).limit(size).to_list()

    async def _having(self, words: Sequence[str], chunk: list[Document]) -> list[Document]:
        if not words or not chunk:
            return chunk
        having = await self._entries.among({each["_id"]: each["page"] for each in chunk if each["page"]}, words)
        return [each for each in chunk if each["_id"] in having]

    async def _failing(self, ids: Sequence[str], criteria: Criteria, projection: Shown) -> list[Document]:
        found = await self._failures.find({"_id": {"$in": list(ids)}}, projection).to_list()
        return _latest_first(each for each in found if not criteria.states or each["state"] in criteria.states)


async def _newest(collection: AsyncCollection[Document], wanted: Filter) -> list[datetime]:
    """Return the latest `last_seen` of what is wanted, if there is any."""
    found = await collection.find(wanted, {"last_seen": 1}).sort([("last_seen", DESCENDING)]).limit(1).to_list()
    return [each["last_seen"] for each in found]


def _promise(word: str) -> tuple[bool, int]:
    """Order words by how likely few failures have them: a number or an id, then the longest."""
    return any(each.isdigit() for each in word), len(word)


def _is_meant(entry: Entry, criteria: Criteria, after: Place | None) -> bool:
    """Tell whether it is of the time that is asked for, and comes after the place."""
    return (
        (criteria.since is None or entry.at >= criteria.since)
        and (criteria.until is None or entry.at < criteria.until)
        and (after is None or (entry.at, entry.id) < after)
    )


def _spans(since: datetime | None, end: datetime, widths: Sequence[timedelta]) -> Iterator[Span]:
    """Return spans of time of these widths, then the rest, from the end backwards, without gap or overlap."""
    oldest, last = since or _BEGINNING, end
    for width in widths:
        begin = max(last - width, oldest)
        if begin < end:
            yield begin, end
            end = begin
    if oldest < end:
        yield oldest, end


def _latest_first(found: Any) -> list[Document]:  # noqa: ANN401 - any documents, one after the other
    return sorted(found, key=lambda each: (each["last_seen"], each["_id"]), reverse=True)
