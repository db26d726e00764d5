"""The narrow view of what another service says; who a person is, identity hears from people only."""

from __future__ import annotations

from datetime import date

from messaging.event import View


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
