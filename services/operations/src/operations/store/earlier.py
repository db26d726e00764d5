"""What an earlier release kept otherwise: the words of failures, on pages that many of them shared."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from pymongo import UpdateOne

from messaging.documents import Document
from operations.store.searching import FAILURES
from runtime.kernel import Database

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
