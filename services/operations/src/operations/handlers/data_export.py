"""Everything that operations can find of a resident, for the resident.

Failures are found by where people stand in events, the trail by the resident's own case (the registration). What an
event said is not repeated: it stands in the parts of the services that acted on it. The events of applications and of
other cases stand under the ids of those cases, which do not tell whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operations.domain.concerned import PLACES_OF_IDS, PLACES_OF_INDEXES
from operations.domain.failure import Summary
from operations.domain.search import Criteria, Place
from operations.domain.trail import Recorded
from operations.handlers.dependencies import Deps
from privacy.exports import Content
from privacy.holders import Holder

_PAGE = 200
_ANY = Criteria()
_TOLD = {"id", "service", "event_id", "event_type", "case", "reason", "first_seen", "last_seen", "seen", "state"}


async def gather(holder: Holder, deps: Deps) -> Content:
    """Return the messages about the resident that could not be handled, and what happened in their own case."""
    return {"failures": await _failures(holder, deps), "trail": await _trail(holder.resident_id, deps)}


async def _failures(holder: Holder, deps: Deps) -> list[Mapping[str, Any]]:
    words = [deps.words_key.token(place, holder.resident_id) for place in PLACES_OF_IDS]
    words += [deps.words_key.token(place, holder.index) for place in PLACES_OF_INDEXES]
    found: dict[str, Summary] = {}
    for word in words:
        after: Place | None = None
        while page := await deps.failures.search(_ANY, [word], after=after, limit=_PAGE):
            found |= {each.id: each for each in page}
            after = (page[-1].last_seen, page[-1].id)
    return [each.model_dump(mode="json", include=_TOLD) for each in found.values()]


async def _trail(case: str, deps: Deps) -> list[Mapping[str, Any]]:
    told: list[Mapping[str, Any]] = []
    place = 0
    while page := await deps.trail.of_case(case, place, _PAGE):
        told += map(_told, page)
        place = page[-1].place + 1
    return told


def _told(entry: Recorded) -> Mapping[str, Any]:
    return {"id": entry.id, "type": entry.type, "time": entry.time.isoformat(), "cause": entry.cause}
