"""Groups of failures with one cause, and what operators note on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bus.event import Outcome
from operations.domain.failure import State
from operations.domain.group import FailureGroup, Note
from operations.domain.search import Place
from operations.handlers.dependencies import Deps
from runtime.errors import NotFound, Refusal, check_version

FOLD_EVERY = 10.0
"""Seconds: in which what is added to groups is kept beside them."""

LONGEST_NOTE = 2_000


async def find_all(
    deps: Deps,
    *,
    service: str | None = None,
    event_type: str | None = None,
    state: State | None = None,
    after: Place | None = None,
    limit: int,
) -> Sequence[FailureGroup]:
    """Return a page of groups, the latest seen first, and one more to tell whether there is a next page."""
    return await deps.groups.page(service=service, event_type=event_type, state=state, after=after, limit=limit + 1)


async def find(id: str, deps: Deps) -> FailureGroup:
    """Return one group. Raises NotFound."""
    found = await deps.groups.get(id)
    if found is None:
        raise NotFound("group-unknown", id=id)
    return found


async def compact(deps: Deps) -> Sequence[Outcome[Any]]:
    """Have groups count what was added since they were written last."""
    changes = await deps.groups.compact()
    return (Outcome(changes=changes),) if changes else ()


async def note(id: str, text: str | None, by: str, deps: Deps, if_match: int | None = None) -> Outcome[FailureGroup]:
    """Add an operator's note. Raises Refusal for an empty one, NotFound, PreconditionFailed."""
    if text is None or not text.strip():
        raise Refusal("note-missing", field="text")
    if len(text) > LONGEST_NOTE:
        raise Refusal("note-too-long", field="text", most=LONGEST_NOTE)
    group = await find(id, deps)
    check_version(group.version, if_match)
    added = Note(by=by, at=deps.clock(), text=text.strip())
    entry = await deps.audit.entry(by=by, action="group-noted", target=id, details={"characters": len(added.text)})
    return Outcome(
        changes=[*deps.groups.note(group, added), *entry],
        result=group.model_copy(update={"notes": (*group.notes, added)}),
    )
