"""What others than applications found of an application: which documents are proven, and what people decided.

And what data-rights said that a resident asks to be corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal

from credential_store.domain.credential import CredentialModel

Kind = Literal["document", "decision", "correction"]


class DocumentProof(CredentialModel):
    """One requirement of an application that is proven, or the decision that it was granted by.

    `id` is a digest: when the application is erased, nothing here names it. A decision has neither person (`index`) nor
    document type, and its attempt is 0.
    """

    id: str
    version: int = 0
    index: str = ""
    document_type: str = ""
    attempt: int = 0
    value: str = ""
    """Of a correction that was asked for the keyed hash of what is right."""
    departments: tuple[str, ...] = ()
    """Those of the officer who signed a decision; none in what an earlier release noted."""
    at: datetime

    @staticmethod
    def named(application_id: str, kind: Kind, key: str) -> str:
        """Return the id of the proof of a requirement (its key), or of a decision (who decides)."""
        return sha256(f"{application_id}/{kind}/{key}".encode()).hexdigest()

    def meets(self, document_types: Sequence[str], index: str | None) -> bool:
        """Tell whether it proves a document of one of these types, of that person; None: of anybody."""
        return self.document_type in document_types and index in {None, self.index}
