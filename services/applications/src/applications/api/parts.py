"""What the routes have in common."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import StringConstraints

from applications.api.labels import Labels
from applications.handlers.dependencies import Deps
from web import routes
from web.auth import Principal, Role, allow

DepsOf = Annotated[Deps, Depends(routes.deps)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
ApplicationId = Annotated[str, Path(max_length=60, examples=["app_01jd8x5w3k9m2v7c4t6b0n1qzr"])]
Whose = Annotated[str | None, Query(max_length=60, description="A ward's; by default the caller's own")]
MonthName = Annotated[str, StringConstraints(pattern=r"^(1[89]|2[01])\d\d-(0[1-9]|1[0-2])$")]
ItemCode = Annotated[str | None, Query(alias="item", max_length=60, description="Only this item")]


async def _wording(request: Request, deps: DepsOf, language: routes.Language) -> Labels:
    return Labels(language, request.app.state.texts, deps.catalogue, deps.calendar)


WordingOf = Annotated[Labels, Depends(_wording)]
"""Says codes in the caller's language."""


async def _month(
    month: Annotated[MonthName | None, Query(description="As 2026-11; the month of yesterday")] = None,
) -> date | None:
    return date.fromisoformat(f"{month}-01") if month else None


AskedMonth = Annotated[date | None, Depends(_month)]
"""The first day of a month that was asked for."""
