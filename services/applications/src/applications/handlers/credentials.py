"""Learning which credential an approval brought, and how it fares."""

from __future__ import annotations

from applications.domain.issued import Issued, Status
from applications.handlers.dependencies import Deps
from applications.views import CredentialEnded, CredentialStored
from bus.event import NOTHING, Outcome, Received


async def link_credential(event: Received[CredentialStored], deps: Deps) -> Outcome[None]:
    """Learn the identifier under which a granted credential was stored, or that it is valid again."""
    said = event.data
    if said.origin != "grant" or said.application_id is None:
        return NOTHING
    known = await deps.credentials.get(said.credential_id)
    before = known or _unheard(said.credential_id, said.identifier, said.document_type)
    linked = before.linked(said.application_id)
    after = linked.heard(identifier=said.identifier, status="valid", sequence=said.sequence)
    return NOTHING if after is known else Outcome(changes=[deps.credentials.save(after)])


async def note_suspended(event: Received[CredentialEnded], deps: Deps) -> Outcome[None]:
    return await _note(event.data, "suspended", deps)


async def note_revoked(event: Received[CredentialEnded], deps: Deps) -> Outcome[None]:
    return await _note(event.data, "revoked", deps)


async def note_expired(event: Received[CredentialEnded], deps: Deps) -> Outcome[None]:
    return await _note(event.data, "expired", deps)


async def _note(said: CredentialEnded, status: Status, deps: Deps) -> Outcome[None]:
    if said.document_type not in deps.catalogue.granted_types:
        return NOTHING
    known = await deps.credentials.get(said.credential_id)
    before = known or _unheard(said.credential_id, said.identifier, said.document_type)
    after = before.heard(
        identifier=said.identifier, status=status, sequence=said.sequence, status_code=said.status_code
    )
    return NOTHING if after is known else Outcome(changes=[deps.credentials.save(after)])


def _unheard(credential_id: str, identifier: str, document_type: str) -> Issued:
    return Issued(id=credential_id, identifier=identifier, document_type=document_type, status="valid")
