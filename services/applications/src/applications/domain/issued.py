"""The credential that an approval granted, as the credential store tells of it."""

from __future__ import annotations

from typing import Literal

from applications.domain.record import Aggregate
from standards.credential_status import CODES

Status = Literal["valid", "suspended", "revoked", "expired"]


class Issued(Aggregate):
    """A credential of a type that items grant; `id` is the credential id. Only the newest sequence counts.

    Its end may be heard of before its beginning; until then `application_id` is None.
    """

    application_id: str | None = None
    identifier: str
    document_type: str
    status: Status
    status_code: str | None = None
    """As the credential store said it; None: it is that of the word."""
    sequence: int = 0

    @property
    def code(self) -> str:
        """The status code of GB/T 36904."""
        return self.status_code or CODES[self.status]

    def linked(self, application_id: str) -> Issued:
        """Remember which application it was granted for."""
        return self if self.application_id else self.model_copy(update={"application_id": application_id})

    def heard(self, *, identifier: str, status: Status, sequence: int, status_code: str | None = None) -> Issued:
        """Take over its state, unless that is older than what is known."""
        if sequence <= self.sequence:
            return self
        known = {"identifier": identifier, "status": status, "status_code": status_code, "sequence": sequence}
        return self.model_copy(update=known)
