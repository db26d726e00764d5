"""GET quotas: how much each system outside has sent this hour. A department sees its own, an operator all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel

from messaging.quotas import Use
from runtime import web
from runtime.access import Principal, Role, allow
from runtime.kernel import Kernel

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
async def quotas(request: Request, by: Asking, language: web.Language) -> QuotasView:
    """Answer what was counted up to a second ago."""
    kernel: Kernel = request.app.state.kernel
    seen = [use for use in kernel.quotas.all() if by.role is Role.OPERATOR or use.sender in by.departments]
    return QuotasView(items=[_view(use, kernel, language) for use in seen])


def _view(use: Use, kernel: Kernel, language: str) -> QuotaView:
    return QuotaView(
        department=use.sender,
        name=kernel.topology.departments[use.sender].names[language],
        per_hour=use.per_hour,
        used=use.used,
        waiting=use.waiting,
        slowed=use.is_over,
        since=use.since,
        until=use.until,
    )
