"""GET quotas: how much each system outside has sent this hour. A department sees its own, an operator all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bus.quotas import Use
from web import routes
from web.auth import Principal, Role, allow
from web.service_runtime import ServiceRuntime

router = APIRouter(tags=["quotas"])

Asking = Annotated[Principal, allow(Role.DEPARTMENT, Role.OPERATOR)]


class QuotaView(BaseModel):
    """The use of one quota. `slowed`: it is used up, and until then one message a second is handled.

    `waiting` are the messages that have not begun yet, as last counted.
    """

    department: str
    name: str
    per_hour: int
    used: int
    waiting: int
    slowed: bool
    since: datetime
    until: datetime


class QuotasView(BaseModel):
    """The quotas that the caller may see."""

    items: list[QuotaView]


@router.get("/quotas", summary="See how much of its quota a department has used this hour")
async def quotas(request: Request, by: Asking, language: routes.Language) -> QuotasView:
    """Answer what was counted up to a second ago."""
    runtime: ServiceRuntime = request.app.state.runtime
    seen = [use for use in runtime.quotas.all() if by.role is Role.OPERATOR or use.sender in by.departments]
    return QuotasView(items=[_view(use, runtime, language) for use in seen])


def _view(use: Use, runtime: ServiceRuntime, language: str) -> QuotaView:
    return QuotaView(
        department=use.sender,
        name=runtime.topology.departments[use.sender].names[language],
        per_hour=use.per_hour,
        used=use.used,
        waiting=use.waiting,
        slowed=use.is_over,
        since=use.since,
        until=use.until,
    )
