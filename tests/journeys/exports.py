"""What a resident does to get everything that is held about them."""

from __future__ import annotations

from typing import Any

from synthetic.caller import Caller, CallerAnswer
from tests.journeys.portal import Named
from tests.journeys.waiting import heard_of, until


class _Export(CallerAnswer):
    export_id: str
    state: Named


async def ready(resident: Caller) -> str:
    """Ask for everything, wait until all of it has come, and return where it is."""
    asked = await heard_of(lambda: resident.post("/v1/exports", _Export, {}))
    where = f"/v1/exports/{asked.export_id}"
    await until(lambda: resident.get(where, _Export), lambda it: it.state.code == "ready", what="the export is ready")
    return where


async def everything(resident: Caller) -> dict[str, Any]:
    """Ask for everything, and return it by service and section."""
    content: dict[str, Any] = (await resident.send("GET", f"{await ready(resident)}/content")).json()
    return content
