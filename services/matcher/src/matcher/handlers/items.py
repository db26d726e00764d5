"""What the catalogue says: which documents an item needs."""

from __future__ import annotations

from bus.event import NOTHING, Outcome, Received
from matcher.domain.claims import ClaimRequirement
from matcher.domain.item import Item
from matcher.handlers.dependencies import Deps
from matcher.views import ItemPublished


async def learn_item(event: Received[ItemPublished], deps: Deps) -> Outcome[None]:
    """Keep an item's requirements for dry runs; of two publications the later one counts."""
    requirements = tuple(ClaimRequirement.model_validate(each.model_dump()) for each in event.data.requirements)
    defaults = {field: tuple(places) for field, places in event.data.defaults.items()}
    said = Item(id=event.data.item, requirements=requirements, defaults=defaults, published_at=event.time)
    known = await deps.items.get(said.id)
    after = said if known is None else known.followed_by(said)
    return NOTHING if after is known else Outcome(changes=[deps.items.save(after)])
