"""A visit at the door: what is agreed of it, and the photographs that were taken."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from review_dispatch.domain.record import DispatchModel


class OfferedSlot(DispatchModel):
    """A time in which an officer comes to the door."""

    begins: datetime
    ends: datetime


class Visit(DispatchModel):
    """What is agreed of a visit. `slot` is what the applicant proposed or what is agreed; `offered` can be chosen."""

    state: Literal["offered", "proposed", "agreed", "declined"]
    offered: tuple[OfferedSlot, ...] = ()
    slot: OfferedSlot | None = None


class Photograph(DispatchModel):
    """A photograph that an officer took at the door, cleaned; `by` is the account."""

    id: str
    media_type: str
    size: int
    sha256: str
    by: str
    uploaded_at: datetime
