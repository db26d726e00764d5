"""What residents have submitted and matching could not prove: only that may be approved by people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from credential_store.domain.credential import CredentialModel, Value

Digest = Callable[[bytes], str]
"""A hash under a key of this service's store alone."""


class KnownSubmission(CredentialModel):
    """One document of one person, submitted for one requirement of one application.

    `id` is a digest: when the application is erased, nothing here names it.
    """

    id: str
    version: int = 0
    index: str
    document_types: tuple[str, ...]
    at: datetime
    claimed: Mapping[str, str] | None = None
    """Keyed hashes of what was claimed, by field; None in what an earlier release noted."""

    @staticmethod
    def named(application_id: str, requirement: str, attempt: int) -> str:
        return sha256(f"{application_id}/{requirement}/{attempt}".encode()).hexdigest()

    @classmethod
    def of(cls, named: str, index: str, document_types: Sequence[str], at: datetime) -> KnownSubmission:
        """Note what was submitted by the person of a blind index, as a document of any of these types."""
        return cls(id=named, index=index, document_types=tuple(document_types), at=at)

    def claiming(self, claims: Mapping[str, Value], digest: Digest) -> KnownSubmission:
        """Note what was claimed, so that it is known again and can't be read."""
        claimed = {name: self._hash(name, value, digest) for name, value in claims.items()}
        return self.model_copy(update={"claimed": claimed})

    def is_claimed(self, field: str, value: Value, digest: Digest) -> bool:
        """Tell whether just this was claimed; of an earlier release's it is not known, and believed."""
        return self.claimed is None or self.claimed.get(field) == self._hash(field, value, digest)

    def _hash(self, field: str, value: Value, digest: Digest) -> str:
        said = json.dumps([self.id, field, value], ensure_ascii=False, separators=(",", ":"))
        return digest(said.encode())[:32]

    def is_of(self, index: str, document_type: str) -> bool:
        """Tell whether it is this person's, and a document of this type may meet it."""
        return self.index == index and document_type in self.document_types
