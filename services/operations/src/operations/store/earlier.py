"""What an earlier release kept otherwise: the words of failures, on pages that many of them shared."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from pymongo import UpdateOne

from operations.domain.tokens import FieldKey
from operations.store.failure_search import FAILURES
from store.repository import Database, Document

PAGES = "failure-words"

log = structlog.get_logger()


async def own_words(database: Database) -> None:
    """Give each failure its words from the pages, and drop the pages. Killed meanwhile, it goes on next time."""
    if PAGES not in await database.list_collection_names():
        return
    given = 0
    async for page in database[PAGES].find({}):
        if changes := list(_owning(page)):
            given += (await database[FAILURES].bulk_write(changes, ordered=False)).modified_count
    await database[PAGES].drop()
    log.info("failures_own_their_words", failures=given)


async def renew_words(database: Database, key: FieldKey) -> None:
    """Give each failure words that the key of the index alone can't make. Killed meanwhile, it goes on next time."""
    renewed = 0
    async for failure in database[FAILURES].find({"words": {"$elemMatch": {"$gte": "=", "$lt": ">"}}}, {"words": 1}):
        words = [key.renewed(word) for word in failure["words"]]
        change = {"$set": {"words": words}}
        done = await database[FAILURES].update_one({"_id": failure["_id"], "words": failure["words"]}, change)
        renewed += done.modified_count
    if renewed:
        log.info("failure_words_renewed", failures=renewed)


def _owning(page: Document) -> Iterator[UpdateOne]:
    """Set the words of each entry of a page: a bit for each word says whether it has it.

    The oldest pages have one entry, with all words, and no bits.
    """
    entries = page.get("of", [{"id": page["_id"], "has": b"\xff" * (len(page["words"]) // 8 + 1)}])
    for entry in entries:
        has = int.from_bytes(entry["has"], "big")
        words = [word for number, word in enumerate(page["words"]) if has >> number & 1]
        change = {"$set": {"words": words}, "$unset": {"page": ""}}
        yield UpdateOne({"_id": entry["id"], "words": {"$exists": False}}, change)
