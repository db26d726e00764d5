"""What identity says: a card was read, a person was suspended or reinstated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from credential_store.consumed import CardRead, PersonHeld
from credential_store.domain import hearing
from credential_store.domain.credential import Content, Credential, Hold, Holder, Said
from credential_store.domain.identifiers import credential_id
from credential_store.domain.standing import Trace, settle
from credential_store.handlers.needs import Deps, outcome
from messaging.event import Outcome, Received

ID_CARD = "id-card"


def no_card(index: str) -> Credential:
    """Return the identity card of somebody of whom nothing is known yet."""
    holder = Holder(resident_id=None, index=index)
    return Credential(id=credential_id(index, ID_CARD), document_type=ID_CARD, record="", holder=holder)


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
    before = await deps.credentials.get(credential_id(person.holder_index, ID_CARD)) or no_card(person.holder_index)
    linked = await _link(before, person.resident_id, deps)
    after = change(hearing.link(before, person.resident_id)).model_copy(update={"unlinked": ()})
    reason = person.reason if isinstance(person, PersonHeld) else None
    after = settle(before, after, Trace(at=deps.clock(), by="identity", reason=reason, cause=event.id))
    own = outcome(before, after, deps)
    return Outcome(changes=[*own.changes, *map(deps.credentials.save, linked)], events=own.events)


async def _link(card: Credential, resident_id: str, deps: Deps) -> list[Credential]:
    """Give the credentials that waited for the person's registration the resident's id; nobody has to be told."""
    waiting = await asyncio.gather(*(deps.credentials.get(id) for id in card.unlinked))
    return [hearing.link(credential, resident_id) for credential in waiting if credential is not None]
