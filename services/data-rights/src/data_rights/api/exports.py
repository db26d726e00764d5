"""/v1/exports: everything that is held about a resident, as JSON and as a page to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from data_rights.api.export_page import page, policy
from data_rights.api.labels import Coded, coded
from data_rights.api.parts import DepsOf, Resident, SigningResident
from data_rights.domain.export import Export
from data_rights.handlers import export_requests
from web.routes import Commit, Language

router = APIRouter(prefix="/exports", tags=["exports"])

ExportId = Annotated[str, Path(max_length=60, examples=["exp_01kb2m7k9q3v5x8z0a1b2c3d4e"])]
_PRIVATE = {"Cache-Control": "private, no-store"}


class ExportAsked(BaseModel):
    """Whose data: a ward's, or by default the caller's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{}]})
    resident_id: Annotated[str, Field(max_length=60)] | None = None


class ServiceProgress(BaseModel):
    """How far one service's answer has come."""

    service: Coded
    parts: int | None = Field(description="How many it sends; null: nothing has come yet")
    arrived: int


class ExportView(BaseModel):
    """An export and how far it has come: gathering, ready, or ended, its content destroyed."""

    export_id: str
    resident_id: str
    state: Coded
    requested_at: datetime
    ends_at: datetime = Field(description="When its content is destroyed")
    services: list[ServiceProgress]

    @classmethod
    def of(cls, export: Export, language: str) -> ExportView:
        return cls(
            export_id=export.id,
            resident_id=export.resident_id,
            state=coded("export-states", export.state, language),
            requested_at=export.requested_at,
            ends_at=export.ends_at,
            services=[
                ServiceProgress(
                    service=coded("services", name, language),
                    parts=export.arrived[name].parts if name in export.arrived else None,
                    arrived=len(export.arrived[name].here) if name in export.arrived else 0,
                )
                for name in export.services
            ],
        )


@router.post("", summary="Ask for everything that is held about me", status_code=202, response_model=ExportView)
async def request(
    caller: SigningResident, deps: DepsOf, language: Language, commit: Commit, body: ExportAsked | None = None
) -> Response:
    """Ask every service for what it holds of the caller, or of a child in their care; it is kept for seven days."""
    resident_id = body.resident_id if body else None
    return await commit(
        lambda: export_requests.request(resident_id, caller, deps), lambda export: ExportView.of(export, language), 202
    )


@router.get("/{id}", summary="Read how far an export has come")
async def read(id: ExportId, caller: Resident, deps: DepsOf, language: Language) -> ExportView:
    """Show which services have answered."""
    return ExportView.of(await export_requests.find(id, caller, deps), language)


@router.get("/{id}/content", summary="Get an export as JSON")
async def content(id: ExportId, caller: Resident, deps: DepsOf) -> dict[str, Any]:
    """Give everything: by service, by section, the records as they are kept. Refused (409) until it is ready."""
    sections: Mapping[str, Any] = await export_requests.content(id, caller, deps)
    return dict(orjson.loads(orjson.dumps(sections)))


@router.get("/{id}/page", summary="Get an export as a page to read", response_class=HTMLResponse)
async def readable(id: ExportId, caller: Resident, deps: DepsOf, language: Language) -> HTMLResponse:
    """Give the same as a page without scripts, by subject and in the caller's language. Refused (409) until then."""
    export = await export_requests.find(id, caller, deps)
    headers = {**_PRIVATE, "Content-Security-Policy": policy(), "Content-Language": language}
    return HTMLResponse(page(export, await export_requests.content(id, caller, deps), language), headers=headers)
