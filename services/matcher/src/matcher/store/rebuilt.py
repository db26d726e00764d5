"""The collections beside the evidence in which rebuilds are under way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from matcher.domain.rebuild import Rebuilt
from matcher.store.bulk import read_all, write_many
from store.repository import CODECS, Database, Repository

REBUILT = "rebuilt-"


class RebuiltStore:
    """The collection beside the evidence in which one rebuild gathers what the trail says."""

    def __init__(self, database: Database, run: str) -> None:
        self._database = database
        self._name = f"{REBUILT}{run}"
        self._documents = Repository(database, self._name, Rebuilt, sealed=("records.content",), indexes=("id",))
        self._collection = database.get_collection(self._name, codec_options=CODECS)

    async def many(self, ids: Sequence[str]) -> dict[str, Rebuilt]:
        """Return what has been gathered about several people."""
        return await self._documents.many(ids)

    async def batches(self, at_once: int, *, in_full: bool = True) -> AsyncIterator[Sequence[Rebuilt]]:
        """Read all that has been gathered, so many people at a time; not `in_full`: without what records say."""
        async for batch in read_all(self._collection, at_once, in_full=in_full):
            yield [await self._documents.read(found) for found in batch]

    async def save_many(self, several: Sequence[Rebuilt]) -> None:
        """Write at once; nobody else writes here."""
        await write_many(self._database.vault, self._collection, [self._documents.save(one) for one in several])

    async def drop(self) -> None:
        """Throw it away."""
        await self._database.drop_collection(self._name)

    async def drop_left_behind(self, before: str) -> None:
        """Throw away what rebuilds that began before the run `before` have left when they were killed."""
        for name in await self._database.list_collection_names():
            if name.startswith(REBUILT) and name < f"{REBUILT}{before}":
                await self._database.drop_collection(name)
