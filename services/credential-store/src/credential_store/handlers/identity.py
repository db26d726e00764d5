"""What identity says: a card was read, a person was suspended or reinstated."""

from __future__ import annotations

from collections.abc import Callable

from credential_store.consumed import CardRead, PersonHeld
from credential_store.domain import hearing
from credential_store.domain.credential import Content, Credential, Hold, Holder, Said
from credential_store.domain.identifiers import credential_id
from credential_store.domain.standing import Trace, settle
from credential_store.handlers.issuing import outcome
from credential_store.handlers.needs import Deps
from messaging.event import Outcome, Received

ID_CARD = "id-card"


async def store_card(event: Received[CardRead], deps: Deps) -> Outcome[None]:
    """Store the identity card as the person's first credential, or its renewal as the next version."""
    card = event.data
    said = Said(at=event.time, sequence=card.sequence)
    content = Content(
        fields={"number": card.holder_index, "name": card.name, "birth_date": card.birth_date.isoformat()},
        origin="identity",
        authority=card.issuing_authority,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
    )
    numbering = deps.types.numbering(ID_CARD)
    return await _change(event, lambda before: hearing.hear(before, content, said, numbering), deps)


async def suspend_card(event: Received[PersonHeld], deps: Deps) -> Outcome[None]:
    """Suspend the identity card with its person."""
    return await _hold(event, deps, on=True)


async def reinstate_card(event: Received[PersonHeld], deps: Deps) -> Outcome[None]:
    """Reinstate the identity card with its person."""
    return await _hold(event, deps, on=False)


async def _hold(event: Received[PersonHeld], deps: Deps, *, on: bool) -> Outcome[None]:
    said = Said(at=event.time, sequence=event.data.sequence)
    new = Hold(on=on, reason=event.data.reason, said=said)
    return await _change(event, lambda before: hearing.hold(before, "identity", new), deps)


async def _change(
    event: Received[CardRead] | Received[PersonHeld], change: Callable[[Credential], Credential], deps: Deps
) -> Outcome[None]:
    person = event.data
    id_ = credential_id(person.holder_index, ID_CARD)
    holder = Holder(resident_id=person.resident_id, index=person.holder_index)
    before = await deps.credentials.get(id_) or Credential(id=id_, document_type=ID_CARD, record="", holder=holder)
    after = change(hearing.link(before, person.resident_id))
    reason = person.reason if isinstance(person, PersonHeld) else None
    after = settle(before, after, Trace(at=deps.clock(), by="identity", reason=reason, cause=event.id))
    return await outcome(before, after, deps)
