"""The narrow view of what another service says; who a person is, identity hears from people only."""

from __future__ import annotations

from datetime import date, datetime

from bus.event import View
from standards.field_kinds import Value
from web.signed_requests import Signed


class CorrectionHolder(View):
    """Whose registration it is."""

    index: str


class CorrectionPermitted(View):
    """data-rights.correction-permitted: a field of the registration may be changed once, at a window."""

    correction_id: str
    holder: CorrectionHolder
    field: str
    value: str
    until: date
    officers: list[str]
    signed_requests: list[Signed] | None = None


class CorrectionAnswered(View):
    """review-dispatch.correction-answered: officers say that a value was wrong, and which is right."""

    correction_id: str
    holder: CorrectionHolder
    document_type: str
    field: str
    result: str
    value: Value | None
    officers: list[str]
    answered_at: datetime
    signed_requests: list[Signed] | None = None
