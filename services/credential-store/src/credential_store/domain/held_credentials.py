"""Which credentials of one type a person has, in one document that every change of them writes.

Whoever decides whether a document is held already has read this one. Two who decide at the same moment can't both be
right: the store refuses the second, and it is decided once more, with what the first one stored.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from credential_store.domain.credential import CredentialModel


class HeldCredentials(CredentialModel):
    """A person's credentials of one type, by their ids; those that ended and those that only wait are among them."""

    id: str
    version: int = 0
    index: str
    document_type: str
    credentials: tuple[str, ...] = ()

    def having(self, credential_id: str) -> HeldCredentials:
        return self.model_copy(update={"credentials": tuple(sorted({*self.credentials, credential_id}))})


def holding_ids(index: str, document_type: str, digest: Callable[[bytes], str]) -> tuple[str, str]:
    """Return the id under which a person's credentials of a type are listed, and that of an earlier release.

    `digest` is a hash under a key of this service's store alone.
    """
    named = f"{index}\n{document_type}".encode()
    return f"hld_{digest(named)[:26]}", f"hld_{sha256(named).hexdigest()[:26]}"
