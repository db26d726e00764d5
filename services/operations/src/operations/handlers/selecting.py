"""Which messages a replay is about: chosen once, and the same ever after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operations.domain import search
from operations.domain.failure import Summary
from operations.domain.items import BLOCK, Chosen, Kind
from operations.domain.replay import Between, Replay, Selection
from operations.domain.trail import Recorded, place_of
from operations.handlers import failures
from operations.handlers.needs import Deps
from runtime.refusal import Clash, Refusal

_AT_ONCE = 40 * BLOCK


@dataclass(frozen=True, slots=True)
class Found:
    """What was selected, in the order in which it is sent, and the groups that it belongs to."""

    kind: Kind
    chosen: Sequence[Chosen]
    groups: Sequence[str]


async def select(selection: Selection, deps: Deps) -> Found:
    """Find what is selected. Raises Refusal, Unknown, Clash for failures that are not open."""
    if isinstance(selection, Between):
        return Found("trail", await _of_trail(selection, deps), ())
    return await _of_failures(selection, deps)


async def changed_since(replay: Replay, deps: Deps) -> Sequence[str]:
    """Return the failures of a replay that are not what they were when it was prepared."""
    changed: list[str] = []
    for first in range(0, replay.total if replay.kind == "failures" else 0, _AT_ONCE):
        blocks = await deps.replays.blocks(replay.id, range(first, min(first + _AT_ONCE, replay.total), BLOCK))
        chosen = [item.chosen for block in blocks for item in block.items]
        present = await deps.failures.summaries([each.failure for each in chosen if each.failure is not None])
        changed += [str(each.failure) for each in chosen if not is_same(present.get(each.failure or ""), each)]
    return changed


def is_same(failure: Summary | None, chosen: Chosen) -> bool:
    """Tell whether a failure is still open and has not failed again since it was chosen."""
    return failure is not None and failure.state == "open" and failure.seen == chosen.seen


async def _of_failures(selection: search.Chosen, deps: Deps) -> Found:
    most = deps.settings.largest_replay
    found, more = await failures.select(selection, deps, most=most)
    if more:
        raise Refusal("selection-too-large", field="selection", most=most)
    others = [each.id for each in found if each.state != "open"]
    if others:
        raise Clash("some-in-another-state", count=len(others), ids=", ".join(others[:5]), state="open")
    oldest_first = list(reversed(found))
    return Found("failures", [_chosen(each) for each in oldest_first], [each.group for each in oldest_first])


def _chosen(failure: Summary) -> Chosen:
    return Chosen(failure.service, failure.event_id, failure.event_type, failure.id, failure.seen)


async def _of_trail(selection: Between, deps: Deps) -> Sequence[Chosen]:
    keys = deps.topology.keys_of(selection.service)
    if not keys:
        raise Refusal("service-unknown", field="trail/service", service=selection.service)
    if selection.until <= selection.since:
        raise Refusal("range-empty", field="trail/until")
    most = deps.settings.largest_replay
    chosen: list[Chosen] = []
    async for event in deps.trail.between(place_of(selection.since), place_of(selection.until)):
        if _is_meant(event, keys, selection.types):
            chosen.append(Chosen(selection.service, event.id, event.type))
            if len(chosen) > most:
                raise Refusal("selection-too-large", field="selection", most=most)
    return chosen


def _is_meant(event: Recorded, keys: Iterable[str], types: Sequence[str]) -> bool:
    """What was never sound is left out: the service could only refuse it."""
    if event.fault or (types and event.type not in types):
        return False
    return any(_matches(event.routing_key, key) for key in keys)


def _matches(routing_key: str, pattern: str) -> bool:
    """Tell whether a binding takes a routing key: `*` stands for one word, `#` at the end for the rest."""
    words, wanted = routing_key.split("."), pattern.split(".")
    if wanted[-1] == "#":
        words, wanted = words[: len(wanted) - 1], wanted[:-1]
    return len(words) == len(wanted) and all(want in {"*", word} for word, want in zip(words, wanted, strict=True))
