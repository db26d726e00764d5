"""What identity says: a card was read, a person was suspended or reinstated."""

from __future__ import annotations

from collections.abc import Callable

from bus.envelope import BrokenMessageError
from bus.event import Outcome, Received
from credential_store.domain import versions
from credential_store.domain.credential import Credential, CredentialContent, Hold, IndexedHolder, Statement
from credential_store.domain.status import Trace, settle
from credential_store.handlers.dependencies import Deps, kept_under
from credential_store.handlers.issuance import outcome
from credential_store.views import CardRead, SuspensionChanged

ID_CARD = "id-card"


async def store_card(event: Received[CardRead], deps: Deps) -> Outcome[None]:
    """Store the identity card as the person's first credential, or its renewal as the next version."""
    card = event.data
    said = Statement(at=event.time, sequence=card.sequence)
    content = CredentialContent(
        fields={"number": card.holder_index, "name": card.name, "birth_date": card.birth_date.isoformat()},
        origin="identity",
        authority=card.issuing_authority,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
    )
    numbering = deps.types.numbering(ID_CARD)
    return await _change(event, lambda before: versions.merge(before, content, said, numbering), deps)


async def suspend_card(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Suspend the identity card with its person."""
    return await _hold(event, deps, on=True)


async def reinstate_card(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Reinstate the identity card with its person."""
    return await _hold(event, deps, on=False)


def require_same_person(card: Credential, resident_id: str | None) -> None:
    """See that a person is the resident whom the identity card led to first. Raises BrokenMessageError."""
    if card.holder.resident_id not in {None, resident_id}:
        raise BrokenMessageError("another-holder", "/data", "the resident with that identity card")


async def _hold(event: Received[SuspensionChanged], deps: Deps, *, on: bool) -> Outcome[None]:
    said = Statement(at=event.time, sequence=event.data.sequence)
    new = Hold(on=on, reason=event.data.reason, said=said)
    return await _change(event, lambda before: versions.hold(before, "identity", new), deps)


async def _change(
    event: Received[CardRead] | Received[SuspensionChanged], change: Callable[[Credential], Credential], deps: Deps
) -> Outcome[None]:
    person = event.data
    ids = deps.ids.of(person.holder_index, ID_CARD)
    holder = IndexedHolder(resident_id=person.resident_id, index=person.holder_index)
    before = await kept_under(ids, deps) or Credential(id=ids.new, document_type=ID_CARD, record="", holder=holder)
    if await deps.credentials.index_of(person.resident_id) not in {None, person.holder_index}:
        raise BrokenMessageError("another-holder", "/data", "the number of that resident")
    require_same_person(before, person.resident_id)
    after = change(versions.link(before, person.resident_id))
    reason = person.reason if isinstance(person, SuspensionChanged) else None
    after = settle(before, after, Trace(at=deps.clock(), by="identity", reason=reason, cause=event.id))
    return await outcome(before, after, deps)
