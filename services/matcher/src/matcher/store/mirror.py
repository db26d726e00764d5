"""How far the bulk loads of the city mirror have come."""

from __future__ import annotations

from matcher.domain.mirror import MirrorLoad
from store.repository import CODECS, Database, Repository

MIRROR_LOADS = "mirror-loads"


class MirrorLoads:
    """How far the bulk loads of the city mirror have come, by the file's digest."""

    def __init__(self, database: Database) -> None:
        self._documents = Repository(database, MIRROR_LOADS, MirrorLoad)
        self._collection = database.get_collection(MIRROR_LOADS, codec_options=CODECS)

    async def get(self, digest: str) -> MirrorLoad | None:
        """Return the load of a file with this content."""
        return await self._documents.get(digest)

    async def remember(self, load: MirrorLoad) -> MirrorLoad:
        """Write down how far it has come, whatever was written down before; return it with its next version."""
        stored = load.model_copy(update={"version": load.version + 1})
        document = stored.model_dump()
        await self._collection.replace_one({"_id": document.pop("id")}, document, upsert=True)
        return stored
