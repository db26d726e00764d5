"""Who typed for an applicant, while that one stood there with the card."""

from __future__ import annotations

from applications.domain.record import ApplicationsModel


class Helper(ApplicationsModel):
    """Who types for the applicant: a clerk at a window or a terminal, during one visit."""

    presence_id: str
    by: str
    role: str
