"""What the routes have in common."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from applications.api.wording import Wording
from applications.handlers.needs import Deps
from runtime import web
from runtime.access import Principal, Role, allow

DepsOf = Annotated[Deps, Depends(web.deps)]
Resident = Annotated[Principal, allow(Role.RESIDENT)]
ApplicationId = Annotated[str, Path(max_length=60, examples=["app_01jd8x5w3k9m2v7c4t6b0n1qzr"])]
Whose = Annotated[str | None, Query(max_length=60, description="A ward's; by default the caller's own")]
ItemCode = Annotated[str | None, Query(alias="item", max_length=60, description="Only this item")]


async def _wording(request: Request, deps: DepsOf, language: web.Language) -> Wording:
    return Wording(language, request.app.state.texts, deps.catalogue, deps.calendar)


WordingOf = Annotated[Wording, Depends(_wording)]
"""Says codes in the caller's language."""
