"""Which entries of a record somebody asks for."""

from __future__ import annotations

from datetime import datetime

from data_rights.domain.record import RightsModel


class ServiceRequest(RightsModel):
    """Everything that is given must be met. `until` is excluded; `by` is an account, `department` a code."""

    by: str | None = None
    department: str | None = None
    document_type: str | None = None
    application_id: str | None = None
    how: str | None = None
    since: datetime | None = None
    until: datetime | None = None
