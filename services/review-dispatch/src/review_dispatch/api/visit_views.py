"""Visits and doors as callers see them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from review_dispatch.api.reason_views import StandardReasonsView


class SlotView(BaseModel):
    """A time in which the officer comes; `text` in Shenzhen's time and the caller's language."""

    begins: datetime
    ends: datetime
    text: str


class VisitView(BaseModel):
    """What is agreed of a visit. `slot` is the one that was proposed or agreed; any of `offered` can be chosen."""

    state: str
    text: str
    slot: SlotView | None
    offered: list[SlotView]


class ResidentVisitView(BaseModel):
    """A visit that one of the caller's applications waits for; `visit` null: nothing was said of it yet."""

    task_id: str
    version: int
    application_id: str
    item: str
    due_on: date
    due_text: str
    visit: VisitView | None


class VisitsView(BaseModel):
    """The visits that wait."""

    visits: list[ResidentVisitView]


class PhotographView(BaseModel):
    """A photograph; its content is at `href`."""

    photograph_id: str
    media_type: str
    size: int
    by: str
    uploaded_at: datetime
    href: str


class DoorRowView(BaseModel):
    """A door in the order of a walk."""

    task_id: str
    version: int
    application_id: str
    applicant_name: str
    address: str
    due_on: date
    due_text: str
    overdue: bool
    visit: VisitView | None
    photographs: int


class BuildingView(BaseModel):
    """The doors of one building; `name` is what their addresses have in common."""

    name: str
    community: str
    community_name: str
    doors: list[DoorRowView]


class DoorsView(BaseModel):
    """The caller's doors, building by building, and the standard reasons that the result of each can name."""

    buildings: list[BuildingView]
    standard_reasons: StandardReasonsView
