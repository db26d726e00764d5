"""What the routes have in common: who calls, whose record it is, which page of a list, what the handlers need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query

from data_rights.handlers import queries
from data_rights.handlers.dependencies import Deps
from data_rights.store.holders import HeldT, HoldersDocuments
from web import routes
from web.auth import Principal, Role, allow
from web.pages import Cursor, Limit, Page, page

ViewT = TypeVar("ViewT")

DepsOf = Annotated[Deps, Depends(routes.deps)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
SigningResident = Annotated[Principal, allow(Role.RESIDENT, signed=True)]
AccessId = Annotated[str, Path(max_length=80, examples=["acc_18c0ffee1a2b3c4d-5e6f7a8b9c0d_11aa22bb"])]
DisputeId = Annotated[str, Path(max_length=80, examples=["dis_18c0ffee1a2b3c4d-5e6f7a8b9c0d_11aa22bb"])]
Whose = Annotated[str | None, Query(max_length=60, description="Whose record: a ward's; by default the caller's own")]


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list that is asked for: by whom, whose, in which language, beginning before what."""

    caller: Principal
    deps: Deps
    language: str
    resident_id: str | None
    before: str | None
    limit: int

    async def shown(
        self, kept: HoldersDocuments[HeldT], *, order: Callable[[HeldT], str], view: Callable[[HeldT], ViewT]
    ) -> Page[ViewT]:
        """Show what is kept, the latest first. Raises NotAllowed for anybody else's than the caller's and a ward's."""
        found = await queries.page_of(
            kept, self.resident_id, self.caller, self.deps, before=self.before, limit=self.limit
        )
        return page(found, self.limit, key=lambda each: [order(each)], view=view)


async def _listing(
    caller: Resident,
    deps: DepsOf,
    language: routes.Language,
    cursor: Cursor,
    resident_id: Whose = None,
    limit: Limit = 20,
) -> Listing:
    return Listing(caller, deps, language, resident_id, str(cursor[0]) if cursor else None, limit)


ListingOf = Annotated[Listing, Depends(_listing)]
