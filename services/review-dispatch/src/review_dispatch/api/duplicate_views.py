"""What callers get to see of the question whether a document is one that is held already."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from review_dispatch.api.reader import Coded
from review_dispatch.domain.record import Value


class ValueView(Coded):
    """One field of a document and what it says."""

    value: Value | None


class DuplicateHeldView(BaseModel):
    """A valid credential that the document may be; `origin` says who vouches for it."""

    credential_id: str
    origin: Coded
    valid_from: date
    valid_until: date | None
    fields: list[ValueView]


class DuplicateView(BaseModel):
    """The question whether a document is one that is held. `same_as`: the answer; null: none yet, or none of them."""

    question: str
    review_task_id: str | None
    credential_id: str | None
    fields: list[ValueView]
    held: list[DuplicateHeldView]
    same_as: str | None
