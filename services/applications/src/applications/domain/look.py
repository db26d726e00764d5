"""Who looked at somebody's scans, and what for."""

from __future__ import annotations

from datetime import datetime

from applications.domain.record import Aggregate


class Look(Aggregate):
    """One look by somebody else than the applicant, kept where the applicant can read it."""

    application_id: str
    scan_id: str
    document_type: str
    by: str
    role: str
    departments: tuple[str, ...]
    purpose: str
    at: datetime
