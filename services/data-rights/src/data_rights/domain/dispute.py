"""A dispute: a resident says that an entry of their record should not have been, and is answered by those who looked.

An entry is disputed once. The reason is never changed, and neither is the explanation once it is there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from data_rights.domain.access import Access
from data_rights.domain.record import RightsModel
from runtime.errors import Conflict

State = Literal["open", "answered"]


class Explanation(RightsModel):
    """What a department says to it: who wrote it, for which department, when."""

    text: str
    by: str
    department: str
    at: datetime


class Dispute(RightsModel):
    """A dispute of one entry. `holder` is the blind index of whose record it is, `raised_by` a resident id."""

    id: str
    version: int = 0
    access_id: str
    holder: str
    raised_by: str
    reason: str
    raised_at: datetime
    explanation: Explanation | None = None

    @property
    def state(self) -> State:
        """Where it stands."""
        return "open" if self.explanation is None else "answered"

    def answered(self, explanation: Explanation) -> Dispute:
        """Take over the explanation; the first one stays."""
        return self if self.explanation is not None else self.model_copy(update={"explanation": explanation})


def dispute_id(access_id: str) -> str:
    """Return the id of the dispute of an entry: there is one at most."""
    return f"dis_{access_id.removeprefix('acc_')}"


def raise_dispute(known: Dispute | None, access: Access, raised_by: str, reason: str, at: datetime) -> Dispute:
    """Dispute an entry. Raises Conflict when it is disputed already."""
    if known is not None:
        raise Conflict("disputed-already")
    return Dispute(
        id=dispute_id(access.id),
        access_id=access.id,
        holder=access.holder,
        raised_by=raised_by,
        reason=reason,
        raised_at=at,
    )
