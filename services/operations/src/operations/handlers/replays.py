"""What operators do with replays: select, look, start, pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.event import Change, Outcome
from operations.domain.failure import stated
from operations.domain.items import ChosenItem, ItemState, Kind, ReplayItem, freeze
from operations.domain.preview import look_ahead
from operations.domain.replay import ProgressNote, Replay, Selection, Step, prepared
from operations.handlers.dependencies import Deps
from operations.handlers.selections import changed_since, refuse_changed, select, told
from runtime.errors import NotFound, Refusal, check_version
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class ShownReplay:
    """A replay and how far it is."""

    replay: Replay
    progress: ProgressNote

    @property
    def version(self) -> int:
        """The replay's."""
        return self.replay.version


async def prepare(
    selection: Selection, *, reason: str | None, by: str, deps: Deps, rate: int | None = None, title: str = ""
) -> Outcome[ShownReplay]:
    """Freeze a selection and show what it would mean; nothing is sent.

    Raises Refusal for no reason, a rate out of bounds, an empty or too large selection, Conflict for chosen failures
    that are not open.
    """
    why = stated(reason)
    speed = _rate(rate, deps)
    found = await select(selection, deps)
    services = sorted({each.service for each in found.chosen})
    preview = look_ahead(found.chosen, found.groups, await deps.queues.look(services), speed)
    replay = prepared(
        new_id("rep"), found.kind, told(selection), title=title, reason=why, by=by, rate=speed, total=len(found.chosen),
        preview=preview, at=deps.clock(),
    )  # fmt: skip
    entry = await deps.audit.entry(
        by=by, action="replay-prepared", target=replay.id, reason=why, details={"messages": replay.total}
    )
    progress = begun(replay)
    return Outcome(changes=[*keep(replay, progress, found.chosen, deps), *entry], result=ShownReplay(replay, progress))


async def start(id: str, *, by: str, version: int | None, deps: Deps) -> Outcome[ShownReplay]:
    """Begin to send. Raises Conflict (`stale-selection`) when a failure is not what it was when it was selected."""
    shown = await show(id, deps)
    check_version(shown.version, version)
    running = shown.replay.take("start", by=by, at=deps.clock())
    refuse_changed(await changed_since(shown.replay, deps), running.total)
    return await _taken("start", running, shown.progress, by, "", deps)


async def pause(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[ShownReplay]:
    """Send nothing more until it is resumed; what was sent goes its way."""
    return await _step("pause", id, reason, by, version, deps)


async def resume(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[ShownReplay]:
    """Go on, with the canary first again."""
    return await _step("resume", id, reason, by, version, deps)


async def cancel(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[ShownReplay]:
    """Never send what was not sent; its failures are open as before."""
    return await _step("cancel", id, reason, by, version, deps)


async def show(id: str, deps: Deps) -> ShownReplay:
    """Return a replay and how far it is: two reads, however large it is. Raises NotFound."""
    replay = await deps.replays.get(id)
    if replay is None:
        raise NotFound("replay-unknown", id=id)
    progress = await deps.replays.progress([id])
    return ShownReplay(replay, progress.get(id) or begun(replay))


async def list_all(
    deps: Deps, *, state: str | None = None, before: tuple[datetime, str] | None = None, limit: int = 20
) -> Sequence[ShownReplay]:
    """Return replays, the latest first; one more than `limit`, to tell of a next page."""
    found = await deps.replays.page(state=state, before=before, limit=limit + 1)
    progress = await deps.replays.progress([replay.id for replay in found])
    return [ShownReplay(replay, progress.get(replay.id) or begun(replay)) for replay in found]


async def items(
    id: str, deps: Deps, *, state: ItemState | None = None, after: int = -1, limit: int = 20
) -> Sequence[ReplayItem]:
    """Return items in order, behind number `after`; one more than `limit`, to tell of a next page. Raises NotFound."""
    replay = (await show(id, deps)).replay
    found: list[ReplayItem] = []
    first = after + 1
    while first < replay.total and len(found) <= limit:
        for block in await deps.replays.known(id, [first]):
            wanted = (item for item in block.items if item.n >= first and state in {None, item.rank.state})
            found += wanted
            first = block.first + len(block.ranks)
    return found[: limit + 1]


def begun(replay: Replay) -> ProgressNote:
    """Return the progress of a replay of which nothing was sent."""
    counts = ProgressNote(id=replay.id).counts.model_copy(update={"total": replay.total, "pending": replay.total})
    return ProgressNote(id=replay.id, counts=counts, is_active=replay.state == "running")


def keep(replay: Replay, progress: ProgressNote, chosen: Sequence[ChosenItem], deps: Deps) -> Sequence[Change]:
    """Prepare that a new replay is kept with all that belongs to it."""
    kind: Kind = replay.kind
    blocks = deps.replays.freeze(freeze(replay.id, kind, chosen))
    return [deps.replays.save(replay), deps.replays.begin(progress), *blocks]


async def _step(
    step: Step,
    id: str,
    reason: str | None,
    by: str,
    version: int | None,
    deps: Deps,
) -> Outcome[ShownReplay]:
    why = stated(reason)
    shown = await show(id, deps)
    check_version(shown.version, version)
    replay = shown.replay.take(step, by=by, at=deps.clock(), reason=why)
    return await _taken(step, replay, shown.progress, by, why, deps)


async def _taken(
    step: Step, replay: Replay, progress: ProgressNote, by: str, reason: str, deps: Deps
) -> Outcome[ShownReplay]:
    entry = await deps.audit.entry(by=by, action=f"replay-{_DONE[step]}", target=replay.id, reason=reason)
    changes = [deps.replays.save(replay), deps.replays.activate(replay.id, replay.version + 1), *entry]
    if step == "cancel" and replay.edit is not None:
        changes += await _give_up(replay.edit, by, reason, deps)
    return Outcome(changes=changes, result=ShownReplay(replay, progress))


async def _give_up(id: str, by: str, reason: str, deps: Deps) -> Sequence[Change]:
    edit = await deps.edits.get(id)
    if edit is None:
        return []
    closed = edit.give_up(by, deps.clock(), reason)
    return [deps.edits.save(closed)] if closed != edit else []


def _rate(asked: int | None, deps: Deps) -> int:
    rate = deps.settings.replay_rate if asked is None else asked
    if not 1 <= rate <= deps.settings.fastest_replay:
        raise Refusal("rate-out-of-bounds", field="rate", most=deps.settings.fastest_replay)
    return rate


_DONE: dict[Step, str] = {"start": "started", "pause": "paused", "resume": "resumed", "cancel": "cancelled"}
