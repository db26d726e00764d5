"""What the catalogue says: which documents an item needs."""

from __future__ import annotations

from matcher.consumed import ItemPublished
from matcher.domain.claims import Requirement
from matcher.domain.item import Item
from matcher.handlers.needs import Deps
from messaging.event import NOTHING, Outcome, Received


async def learn_item(event: Received[ItemPublished], deps: Deps) -> Outcome[None]:
    """Keep an item's requirements for dry runs; of two publications the later one counts."""
    requirements = tuple(Requirement.model_validate(each.model_dump()) for each in event.data.requirements)
    defaults = {field: tuple(places) for field, places in event.data.defaults.items()}
    said = Item(id=event.data.item, requirements=requirements, defaults=defaults, published_at=event.time)
    known = await deps.items.get(said.id)
    after = said if known is None else known.followed_by(said)
    return NOTHING if after is known else Outcome(changes=[deps.items.save(after)])
