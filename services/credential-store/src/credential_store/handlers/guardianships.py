"""When a child comes of age, by what this service itself knows."""

from __future__ import annotations

from datetime import date

from credential_store.handlers.dependencies import Deps, kept_under
from credential_store.handlers.identity import ID_CARD
from standards import age


async def majority(child_id: str, deps: Deps) -> date | None:
    """Return the day on which a resident comes of age, by the card that was read first; None: not known yet."""
    index = await deps.credentials.index_of(child_id)
    card = None if index is None else await kept_under(deps.ids.of(index, ID_CARD), deps)
    if card is None or not card.issues:
        return None
    born = date.fromisoformat(str(card.issues[0].content.fields["birth_date"]))
    return age.birthday(born, age.MAJORITY)
