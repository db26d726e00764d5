"""What residents have submitted and matching could not prove: only that may be approved by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from credential_store.domain.credential import Part


class Submission(Part):
    """One document of one person, submitted for one requirement of one application.

    `id` is a digest: when the application is erased, nothing here names it.
    """

    id: str
    version: int = 0
    index: str
    document_types: tuple[str, ...]
    at: datetime

    @staticmethod
    def named(application_id: str, requirement: str, attempt: int) -> str:
        """Return the id of an attempt to meet a requirement of an application."""
        return sha256(f"{application_id}/{requirement}/{attempt}".encode()).hexdigest()

    @classmethod
    def of(cls, named: str, index: str, document_types: Sequence[str], at: datetime) -> Submission:
        """Note what was submitted by the person of a blind index, as a document of any of these types."""
        return cls(id=named, index=index, document_types=tuple(document_types), at=at)

    def is_of(self, index: str, document_type: str) -> bool:
        """Tell whether it is this person's, and a document of this type may meet it."""
        return self.index == index and document_type in self.document_types
