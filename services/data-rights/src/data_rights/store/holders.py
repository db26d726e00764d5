"""What is kept about holders, one document each: found by whose data it is, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from pymongo import DESCENDING

from bus.event import Change
from store.repository import Repository, Stored

HeldT = TypeVar("HeldT", bound=Stored)


class HoldersDocuments(Generic[HeldT]):
    """Documents with a `holder`, in the order of a field."""

    ORDER: ClassVar[str] = "_id"

    def __init__(self, collection: Repository[HeldT]) -> None:
        self._collection = collection

    async def get(self, id: str) -> HeldT | None:
        return await self._collection.get(id)

    async def of_holder(self, holder: str, *, before: str | None, limit: int) -> Sequence[HeldT]:
        """Read a page of those about a holder, the latest first, beginning before a place in the order."""
        wanted: dict[str, Any] = {"holder": holder}
        if before is not None:
            wanted[self.ORDER] = {"$lt": before}
        return await self._collection.find(wanted, sort=[(self.ORDER, DESCENDING)], limit=limit)

    def save(self, document: HeldT) -> Change:
        return self._collection.save(document)
