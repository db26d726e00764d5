"""The words by which failures are found, on pages: those that came together share one, and say what they share once.

What fails together says nearly the same, so an index of pages has a sixth of the keys that one of failures would have.
An entry of a page tells which of the page's words its failure has, one bit for each. It leaves the page together with
what it stood for; a page that was left so is worn, and is written anew without the words that nobody on it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, InsertOne, ReplaceOne, UpdateOne

from messaging.documents import CODECS, Document, Write, parts
from messaging.event import Change
from operations.domain.failure import Failure, Summary
from operations.domain.group import Move
from runtime.kernel import Database, Indexes

WORDS = "failure-words"
"""A page: `words`, the moment of its latest entry as `last_seen`, and of each entry (`of`) its `id`, its moment (`at`)
and which of the words it `has`."""

INDEXES: Indexes = {
    WORDS: (
        IndexModel([("words", ASCENDING), ("last_seen", DESCENDING)], name="words"),
        IndexModel([("worn", ASCENDING)], name="worn", sparse=True),
    )
}

WIDEST = timedelta(seconds=10)
"""From the earliest entry of a page to its latest, at most: whoever looks for an earlier one knows where to begin."""

_MOST = 32
"""Entries of a page: more of them share little more, and whoever finds one reads them all."""


class Entry(NamedTuple):
    """When a failure that has the words that were asked for was last seen, and its id."""

    at: datetime
    id: str


def entries(page: Document, words: Collection[str]) -> Iterator[Entry]:
    """Return those on a page that have all these words."""
    bits = {word: 1 << number for number, word in enumerate(page["words"])}
    if not all(word in bits for word in words):
        return
    wanted = sum(bits[word] for word in set(words))
    for entry in _on(page):
        if int.from_bytes(entry["has"], "big") & wanted == wanted:
            yield Entry(entry["at"], entry["id"])


def described(moves: Sequence[Move]) -> tuple[Sequence[Move], Sequence[Change]]:
    """Put those with new words on pages, and prepare the pages; each failure after its move knows its page."""
    told = [after for _, after in moves if isinstance(after, Failure) and after.words is not None]
    writes: list[Change] = []
    placed: dict[str, str | None] = {each.id: None for each in told}
    for some in _together(each for each in told if each.words):
        page = {"_id": str(ObjectId()), **_written([(each.id, each.last_seen, each.words or ()) for each in some])}
        placed |= {each.id: page["_id"] for each in some}
        writes.append(Write(WORDS, InsertOne(page)))
    settled = [
        (before, after.model_copy(update={"page": placed[after.id]}) if after and after.id in placed else after)
        for before, after in moves
    ]
    return settled, [
        *writes,
        *_left(before for before, after in moves if before and (after is None or after.id in placed)),
    ]


class Pages:
    """The pages of one database."""

    def __init__(self, database: Database) -> None:
        self._pages = database.get_collection(WORDS, codec_options=CODECS)

    async def having(self, word: str) -> list[str]:
        """Return the ids of all failures that have a word."""
        return [entry.id async for page in self._pages.find({"words": word}) for entry in entries(page, [word])]

    async def among(self, places: Mapping[str, str], words: Collection[str]) -> set[str]:
        """Return those failures of a mapping (id to page) that have all these words."""
        found: set[str] = set()
        for some in parts(sorted(set(places.values()))):
            async for page in self._pages.find({"_id": {"$in": some}}):
                found |= {entry.id for entry in entries(page, words)} & places.keys()
        return found

    async def renewed(self, limit: int) -> Sequence[Change]:
        """Prepare that worn pages are written anew, or go; refused at the commit if one was left again meanwhile."""
        found = await self._pages.find({"worn": {"$gt": 0}}).limit(limit).to_list()
        return [Write(WORDS, _renewal(page), must_match=1) for page in found]


def _on(page: Document) -> Sequence[Document]:
    """Return its entries; what was written before there were pages is the only one of its own."""
    whole = b"\xff" * (len(page["words"]) // 8 + 1)
    entry = {"id": page["_id"], "at": page["last_seen"], "has": whole}
    found: Sequence[Document] = page.get("of", (entry,))
    return found


def _together(failures: Iterable[Failure]) -> Iterator[list[Failure]]:
    """Return those that may share a page."""
    in_order = sorted(failures, key=lambda each: each.last_seen)
    for _, same in groupby(in_order, key=lambda each: each.last_seen.timestamp() // WIDEST.total_seconds()):
        yield from _chunks(list(same))


def _chunks(failures: list[Failure]) -> Iterator[list[Failure]]:
    for start in range(0, len(failures), _MOST):
        yield failures[start : start + _MOST]


def _written(rows: Sequence[tuple[str, datetime, Collection[str]]]) -> Document:
    """Return the content of a page from (id, moment, words) of each entry."""
    numbers = {
        word: number for number, word in enumerate(dict.fromkeys(word for _, _, words in rows for word in words))
    }
    size = (len(numbers) + 7) // 8
    return {
        "words": list(numbers),
        "last_seen": max(at for _, at, _ in rows),
        "of": [{"id": id_, "at": at, "has": _bits(words, numbers).to_bytes(size, "big")} for id_, at, words in rows],
    }


def _bits(words: Collection[str], numbers: Mapping[str, int]) -> int:
    return sum(1 << numbers[word] for word in set(words))


def _left(failures: Iterable[Summary]) -> Iterator[Write]:
    """Prepare that entries leave their pages."""
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for each in failures:
        if each.page is not None:
            gone[each.page].append(each.id)
    for page, ids in gone.items():
        yield Write(WORDS, UpdateOne({"_id": page}, {"$pull": {"of": {"id": {"$in": ids}}}, "$inc": {"worn": 1}}))


def _renewal(page: Document) -> Any:  # noqa: ANN401 - one of pymongo's operations
    read = {"_id": page["_id"], "worn": page["worn"]}
    if not page["of"]:
        return DeleteOne(read)
    rows = [(entry["id"], entry["at"], _words(entry, page["words"])) for entry in page["of"]]
    return ReplaceOne(read, _written(rows))


def _words(entry: Document, words: Sequence[str]) -> list[str]:
    has = int.from_bytes(entry["has"], "big")
    return [word for number, word in enumerate(words) if has >> number & 1]
