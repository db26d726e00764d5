"""The question whether a document is one that is held already: one document, one valid credential."""

from __future__ import annotations

from datetime import date
from typing import Literal

from review_dispatch.domain.record import DispatchModel, DocumentHolder, Value


class HeldCopy(DispatchModel):
    """A valid credential that a document may be."""

    credential_id: str
    identifier: str
    fields: dict[str, Value]
    origin: str
    valid_from: date
    valid_until: date | None


class DuplicateCheck(DispatchModel):
    """A document that may be one that is held: one of which an approval waits (`review`), or a stored `credential_id`.

    `other_than` are held ones that it is not, as people said before. `same_as` is the answer: the id of the one that it
    is; None before the answer, and where it is none of them.
    """

    kind: Literal["duplicate-check"] = "duplicate-check"
    review: str | None
    credential_id: str | None
    document_type: str
    holder: DocumentHolder
    fields: dict[str, Value]
    held: tuple[HeldCopy, ...]
    other_than: tuple[str, ...] = ()
    same_as: str | None = None
