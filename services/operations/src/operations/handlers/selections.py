"""Which messages a replay is about: chosen once, and the same ever after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bus.envelope import decode_event
from operations.domain import search
from operations.domain.event_masks import MASK
from operations.domain.failure import Summary
from operations.domain.items import BLOCK, ChosenItem, Kind
from operations.domain.replay import Between, Replay, Selection
from operations.handlers import failures, trails
from operations.handlers.dependencies import Deps
from runtime.errors import Conflict, Refusal, TextKey

_AT_ONCE = 40 * BLOCK
_NAMED = 10
"""Failures that a refusal names."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was selected, in the order in which it is sent, and the groups that it belongs to."""

    kind: Kind
    chosen: Sequence[ChosenItem]
    groups: Sequence[str]


async def select(selection: Selection, deps: Deps) -> Found:
    """Find what is selected. Raises Refusal, NotFound, Conflict for failures that are not open."""
    if isinstance(selection, Between):
        return Found("trail", await _of_trail(selection, deps), ())
    return await _of_failures(selection, deps)


async def changed_since(replay: Replay, deps: Deps) -> Sequence[str]:
    """Return the failures of a replay that are not what they were when it was prepared."""
    changed: list[str] = []
    for first in range(0, replay.total if replay.kind == "failures" else 0, _AT_ONCE):
        for block in await deps.replays.blocks(replay.id, range(first, min(first + _AT_ONCE, replay.total), BLOCK)):
            chosen = [item.chosen for item in block.items]
            present = await deps.failures.summaries([each.failure for each in chosen if each.failure is not None])
            changed += [str(each.failure) for each in chosen if not is_same(present.get(each.failure or ""), each)]
    return changed


def is_same(failure: Summary | None, chosen: ChosenItem) -> bool:
    """Tell whether a failure is still open and has not failed again since it was chosen."""
    return failure is not None and failure.state == "open" and failure.seen == chosen.seen


def refuse_changed(changed: Sequence[str], total: int) -> None:
    """Raise Conflict when some of what was selected is not any more what it was."""
    if changed:
        raise Conflict("stale-selection", count=len(changed), ids=", ".join(changed[:_NAMED]), of=total)


def told(selection: Selection) -> Selection:
    """Return it as it is kept: what was searched for may be personal."""
    if isinstance(selection, Between) or selection.search is None:
        return selection
    criteria = selection.search
    hidden = {
        "text": MASK if criteria.text else None,
        "fields": tuple(f"{field.partition('=')[0]}={MASK}" for field in criteria.fields),
    }
    return selection.model_copy(update={"search": criteria.model_copy(update=hidden)})


async def _of_failures(selection: search.ChosenFailures, deps: Deps) -> Found:
    most = deps.settings.largest_replay
    found, more = await failures.select(selection, deps, most=most)
    if more:
        raise Refusal("selection-too-large", field="selection", most=most)
    others = [each.id for each in found if each.state != "open"]
    if others:
        raise Conflict(
            "some-in-another-state", count=len(others), ids=", ".join(others[:5]), state=TextKey("web.states.open")
        )
    oldest_first = list(reversed(found))
    return Found("failures", [_chosen(each) for each in oldest_first], [each.group for each in oldest_first])


def _chosen(failure: Summary) -> ChosenItem:
    return ChosenItem(failure.service, failure.event_id, failure.event_type, failure.id, failure.seen)


async def _of_trail(selection: Between, deps: Deps) -> Sequence[ChosenItem]:
    if selection.until <= selection.since:
        raise Refusal("range-empty", field="trail/until")
    chosen: list[ChosenItem] = []
    wanted = trails.select(selection.service, selection.since, selection.until, selection.types, deps)
    async for event_id, body, _ in wanted:
        chosen.append(ChosenItem(selection.service, event_id, decode_event(body).type))
        if len(chosen) > deps.settings.largest_replay:
            raise Refusal("selection-too-large", field="selection", most=deps.settings.largest_replay)
    return chosen
