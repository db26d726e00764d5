"""Editing a failure's message: one operator proposes, another approves, the replay engine sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from messaging.envelope import BrokenMessageError, new_event_id, unseal
from messaging.event import Change, Outcome
from operations.domain import correcting
from operations.domain import failure as states
from operations.domain.correcting import Correction
from operations.domain.diff import compare
from operations.domain.edit import Edit
from operations.domain.failure import Failure, stated
from operations.domain.items import Chosen
from operations.domain.masking import mask_event, read
from operations.domain.replay import Replay, look_ahead, prepared
from operations.handlers import failures, replays
from operations.handlers.needs import Deps
from runtime.ids import new_id
from runtime.refusal import Clash, Refusal, Unknown, check_version


@dataclass(frozen=True, slots=True)
class Shown:
    """An edit with the event that it sends, masked."""

    edit: Edit
    content: object

    @property
    def version(self) -> int:
        """The edit's."""
        return self.edit.version


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator hands in: the event's data, or the whole event where its envelope was broken."""

    data: object = None
    body: object = None
    has_data: bool = False
    has_body: bool = False


async def propose(
    failure_id: str, asked: Asked, *, reason: str | None, by: str, deps: Deps, version: int | None = None
) -> Outcome[Shown]:
    """Propose what is to be sent instead of a failure's message.

    Raises Refusal with the JSON pointer of each fault, Unknown, Stale, Clash when the failure is not open.
    """
    why = stated(reason)
    failure = await failures.find(failure_id, deps)
    check_version(failure.version, version)
    edit = await look(failure, asked, reason=why, by=by, deps=deps)
    entry = await deps.audit.entry(
        by=by, action="edit-proposed", target=edit.id, reason=why,
        details={"failure": failure.id, "event": edit.event_id, "replaces": edit.replaces,
                 "changed": ", ".join(edit.diff.changed)},
    )  # fmt: skip
    return Outcome(changes=[deps.edits.save(edit), *entry], result=_shown(edit, deps))


async def look(failure: Failure, asked: Asked, *, reason: str, by: str, deps: Deps) -> Edit:
    """Return the edit that would be proposed; nothing is kept. Raises as `propose` does."""
    if failure.state != "open":
        raise Clash("failure-not-open", id=failure.id, state=failure.state)
    if failure.body is None:
        raise Clash("message-removed", id=failure.id)
    original, is_json = read(failure.body)
    corrected = _correct(original, failure.body, asked, deps)
    event_id = new_event_id()
    event = {**corrected.event, "id": event_id} | ({"replaces": corrected.replaces} if corrected.replaces else {})
    diff = compare(original if is_json else None, event, deps.contracts)
    if not set(diff.changed) - {"/id", "/replaces"}:
        raise Refusal("edit-changes-nothing", field="data")
    return Edit(
        id=new_id("edit"),
        failure=failure.id,
        seen=failure.seen,
        service=failure.service,
        event_type=corrected.event_type,
        replaces=corrected.replaces,
        event_id=event_id,
        by=by,
        reason=reason,
        body=_sealed(event),
        diff=diff,
        state="proposed",
        created_at=deps.clock(),
    )


async def approve(id: str, *, by: str, version: int | None, deps: Deps, reason: str | None = None) -> Outcome[Shown]:
    """Let an edit be sent. Raises NotAllowed (`same-person`), Clash when edit or failure is not what it was."""
    edit = await find(id, deps)
    check_version(edit.version, version)
    replay_id = new_id("rep")
    note = (reason or "").strip()
    approved = edit.approve(by, deps.clock(), replay_id, note)
    failure = await failures.find(edit.failure, deps)
    held = states.hold(failure, replay_id)
    if failure.seen != edit.seen:
        raise Clash("stale-edit", id=failure.id, seen=failure.seen - edit.seen)
    replay, chosen = await _replay(approved, failure, by, deps)
    sending = replays.keep(replay, replays.begun(replay), [chosen], deps)
    entry = await deps.audit.entry(
        by=by, action="edit-approved", target=id, reason=note, details={"replay": replay_id, "failure": failure.id}
    )
    moved = deps.failures.moved([(failure, held)])
    return Outcome(changes=[deps.edits.save(approved), *moved, *sending, *entry], result=_shown(approved, deps))


async def reject(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[Shown]:
    """Refuse an edit. Raises Refusal without a reason, Unknown, Stale, Clash."""
    why = stated(reason)
    edit = await find(id, deps)
    check_version(edit.version, version)
    return await _closed("edit-rejected", edit.reject(by, deps.clock(), why), by, why, deps)


async def withdraw(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[Shown]:
    """Take one's own edit back. Raises Refusal without a reason, Unknown, Stale, NotAllowed, Clash."""
    why = stated(reason)
    edit = await find(id, deps)
    check_version(edit.version, version)
    return await _closed("edit-withdrawn", edit.withdraw(by, deps.clock(), why), by, why, deps)


async def show(id: str, deps: Deps) -> Shown:
    """Return an edit with its masked event. Raises Unknown."""
    return _shown(await find(id, deps), deps)


async def find(id: str, deps: Deps) -> Edit:
    """Return an edit. Raises Unknown."""
    edit = await deps.edits.get(id)
    if edit is None:
        raise Unknown("edit-unknown", id=id)
    return edit


async def list_all(
    deps: Deps,
    *,
    state: str | None = None,
    failure: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 20,
) -> Sequence[Shown]:
    """Return edits, the latest first; one more than `limit`, to tell of a next page."""
    found = await deps.edits.page(state=state, failure=failure, before=before, limit=limit + 1)
    return [_shown(edit, deps) for edit in found]


def _correct(original: object, body: bytes, asked: Asked, deps: Deps) -> Correction:
    """Put data, or a whole event, in the place of the original's."""
    is_sound = _is_sound(body)
    event = original if isinstance(original, dict) else None
    if asked.has_data == asked.has_body:
        raise Refusal("edit-data-or-body", field="data")
    if asked.has_body:
        return correcting.correct_body(event, asked.body, deps.contracts, is_sound=is_sound)
    if event is None or not is_sound:
        raise Refusal("whole-body-needed", field="body")
    return correcting.correct_data(event, asked.data, deps.contracts)


def _is_sound(body: bytes) -> bool:
    try:
        unseal(body)
    except BrokenMessageError:
        return False
    return True


def _sealed(event: object) -> bytes:
    """Write the edited event as it is sent. Raises Refusal when its envelope is not sound."""
    body = orjson.dumps(event)
    try:
        unseal(body)
    except BrokenMessageError as error:
        raise Refusal("edit-breaks-envelope", field=error.path or "body", rule=error.rule) from error
    return body


async def _replay(edit: Edit, failure: Failure, by: str, deps: Deps) -> tuple[Replay, Chosen]:
    """Return the replay that sends one edited event, begun already."""
    now = deps.clock()
    chosen = Chosen(edit.service, edit.event_id, edit.event_type, failure.id, failure.seen)
    queues = await deps.queues.look([edit.service])
    rate = deps.settings.replay_rate
    preview = look_ahead([chosen], [failure.group], queues, rate)
    replay = prepared(
        edit.replay or "", "edit", None, title="", reason=edit.reason, by=edit.by, rate=rate, total=1, preview=preview,
        at=now,
    )  # fmt: skip
    return replay.model_copy(update={"edit": edit.id}).take("start", by=by, at=now), chosen


async def _closed(action: str, edit: Edit, by: str, reason: str, deps: Deps) -> Outcome[Shown]:
    entry = await deps.audit.entry(
        by=by, action=action, target=edit.id, reason=reason, details={"failure": edit.failure}
    )
    changes: list[Change] = [deps.edits.save(edit), *entry]
    return Outcome(changes=changes, result=_shown(edit, deps))


def _shown(edit: Edit, deps: Deps) -> Shown:
    return Shown(edit, mask_event(read(edit.body)[0], deps.contracts))
