"""The credential that an approval granted, as the credential store tells of it."""

from __future__ import annotations

from typing import Literal

from applications.domain.record import Aggregate

Status = Literal["valid", "suspended", "revoked", "expired"]


class Issued(Aggregate):
    """A credential of a type that items grant; `id` is the credential id. Only the newest sequence counts.

    Its end may be heard of before its beginning; until then `application_id` is None.
    """

    application_id: str | None = None
    identifier: str
    document_type: str
    status: Status
    sequence: int = 0

    def linked(self, application_id: str) -> Issued:
        """Remember which application it was granted for."""
        return self if self.application_id else self.model_copy(update={"application_id": application_id})

    def heard(self, *, identifier: str, status: Status, sequence: int) -> Issued:
        """Take over its state, unless that is older than what is known."""
        if sequence <= self.sequence:
            return self
        return self.model_copy(update={"identifier": identifier, "status": status, "sequence": sequence})
