"""What the items of the catalogue need."""

from __future__ import annotations

from matcher.domain.item import Item
from messaging.documents import Database, Documents, Write

ITEMS = "items"


class ItemStore:
    """What the items of the catalogue need."""

    def __init__(self, database: Database) -> None:
        self._documents = Documents(database, ITEMS, Item)

    async def get(self, id: str) -> Item | None:
        """Return an item by its code."""
        return await self._documents.get(id)

    def save(self, item: Item) -> Write:
        """Prepare the write."""
        return self._documents.save(item)
