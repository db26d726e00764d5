"""Telling a holder who else saw or used their credentials (data-rights)."""

from __future__ import annotations

from collections.abc import Sequence

from credential_store.domain.credential import Credential, IndexedHolder
from credential_store.events import DataAccessed
from credential_store.handlers.dependencies import Deps
from privacy.access_log import By, Document, Holder, How
from runtime.ids import new_id
from web.auth import Principal


def accessed(
    holder: IndexedHolder, how: How, by: Principal, purpose: str | None, documents: Sequence[Document], deps: Deps
) -> list[DataAccessed]:
    """Return the event that says so, none for a look at the own; it belongs to the case of the holder (`case_of`)."""
    person = Holder(resident_id=holder.resident_id, index=holder.index)
    return DataAccessed.of(
        [person], By.of(by), deps.clock(), how=how, what="credential", documents=documents, purpose=purpose
    )


def case_of(holder: IndexedHolder) -> str:
    """Return the case that a look at a person's credentials belongs to: the resident, else the look itself."""
    return holder.resident_id or new_id("look")


def document_of(credential: Credential) -> Document:
    """Return a credential as the document that was seen."""
    issue = credential.current
    return Document(document_type=credential.document_type, identifier=issue.identifier if issue else None)
