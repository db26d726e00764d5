"""Editing a failure's message: one operator proposes, another approves, the replay engine sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.envelope import new_event_id
from bus.event import Change, Outcome
from operations.domain import event_correction
from operations.domain import failure as states
from operations.domain.audit import Detail
from operations.domain.diff import compare
from operations.domain.edit import Edit
from operations.domain.event_correction import EventCorrection
from operations.domain.event_masks import mask_event, read
from operations.domain.failure import Failure, stated
from operations.domain.group_edit import replacing
from operations.domain.preview import look_ahead
from operations.domain.replay import Replay, prepared
from operations.handlers import failures, group_edits, replays
from operations.handlers.dependencies import Deps
from operations.handlers.edited_events import is_sound, sealed
from operations.handlers.selections import is_same, refuse_changed
from runtime.errors import Conflict, NotFound, Refusal, check_version
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """An edit with the event that it sends, of a group the example's, masked."""

    edit: Edit
    content: object

    @property
    def version(self) -> int:
        """The edit's."""
        return self.edit.version


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What an operator hands in: the event's data, or the whole event where its envelope was broken."""

    data: object = None
    body: object = None
    has_data: bool = False
    has_body: bool = False
    is_for_group: bool = False


async def propose(
    failure_id: str, asked: EditRequest, *, reason: str | None, by: str, deps: Deps, version: int | None = None
) -> Outcome[ShownEdit]:
    """Propose what is to be sent instead of a failure's message.

    Raises Refusal with the JSON pointer of each fault, NotFound, PreconditionFailed, Conflict when the failure is not
    open.
    """
    why = stated(reason)
    failure = await failures.find(failure_id, deps)
    check_version(failure.version, version)
    edit = await look(failure, asked, reason=why, by=by, deps=deps)
    whole = {**_about_group(edit), "left": len(edit.left)} if edit.group else {}
    entry = await deps.audit.entry(
        by=by, action="edit-proposed", target=edit.id, reason=why,
        details={"failure": failure.id, "event": edit.event_id, "replaces": edit.replaces,
                 "changed": ", ".join(edit.diff.changed), **whole},
    )  # fmt: skip
    return Outcome(changes=[deps.edits.save(edit), *entry], result=_shown(edit, deps))


async def look(failure: Failure, asked: EditRequest, *, reason: str, by: str, deps: Deps) -> Edit:
    """Return the edit that would be proposed; nothing is kept. Raises as `propose` does."""
    if failure.state != "open":
        raise Conflict("failure-not-open", id=failure.id, state=states.named(failure))
    if failure.body is None:
        raise Conflict("message-removed", id=failure.id)
    original, is_json = read(deps.cipher.decrypted_body(failure.body))
    corrected = _correct(original, failure.body, asked, deps)
    _refuse_forbidden(failure, corrected, deps)
    event_id = new_event_id()
    event = replacing(dict(corrected.event), event_id, corrected.replaces)
    diff = compare(original if is_json else None, event, deps.contracts)
    if not set(diff.changed) - {"/id", "/replaces"}:
        raise Refusal("edit-changes-nothing", field="data")
    edit = Edit(
        id=new_id("edit"),
        failure=failure.id,
        seen=failure.seen,
        service=failure.service,
        event_type=corrected.event_type,
        replaces=corrected.replaces,
        event_id=event_id,
        by=by,
        reason=reason,
        body=sealed(event),
        diff=diff,
        state="proposed",
        created_at=deps.clock(),
    )
    return await group_edits.widened(edit, failure, event, deps) if asked.is_for_group else edit


async def approve(
    id: str, *, by: str, version: int | None, deps: Deps, reason: str | None = None
) -> Outcome[ShownEdit]:
    """Let an edit be sent. Raises NotAllowed (`same-person`), Conflict when edit or failure is not what it was."""
    edit = await find(id, deps)
    check_version(edit.version, version)
    replay_id = new_id("rep")
    note = (reason or "").strip()
    approved = edit.approve(by, deps.clock(), replay_id, note)
    held = await _held(approved, replay_id, deps)
    replay = await _replay(approved, by, deps)
    sending = replays.keep(replay, replays.begun(replay), edit.chosen, deps)
    entry = await deps.audit.entry(
        by=by, action="edit-approved", target=id, reason=note,
        details={"replay": replay_id, "failure": edit.failure, **_about_group(edit)},
    )  # fmt: skip
    return Outcome(changes=[deps.edits.save(approved), *held, *sending, *entry], result=_shown(approved, deps))


def _about_group(edit: Edit) -> dict[str, Detail]:
    return {"group": edit.group, "messages": len(edit.members)} if edit.group else {}


async def _held(edit: Edit, replay: str, deps: Deps) -> Sequence[Change]:
    """Hold the one failure at once; those of a group are held as they are sent, and skipped if they changed by then.

    Raises Conflict when one is not what it was when the edit was proposed.
    """
    if edit.group is None:
        failure = await failures.find(edit.failure, deps)
        held = states.hold(failure, replay)
        if failure.seen != edit.seen:
            raise Conflict("stale-edit", id=failure.id, seen=failure.seen - edit.seen)
        return deps.failures.moved([(failure, held)])
    present = await deps.failures.summaries([member.failure for member in edit.members])
    changed = [str(each.failure) for each in edit.chosen if not is_same(present.get(each.failure or ""), each)]
    refuse_changed(changed, len(edit.members))
    return ()


async def reject(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[ShownEdit]:
    """Refuse an edit. Raises Refusal without a reason, NotFound, PreconditionFailed, Conflict."""
    why = stated(reason)
    edit = await find(id, deps)
    check_version(edit.version, version)
    return await _closed("edit-rejected", edit.reject(by, deps.clock(), why), by, why, deps)


async def withdraw(id: str, *, reason: str | None, by: str, version: int | None, deps: Deps) -> Outcome[ShownEdit]:
    """Take one's own edit back. Raises Refusal without a reason, NotFound, PreconditionFailed, NotAllowed, Conflict."""
    why = stated(reason)
    edit = await find(id, deps)
    check_version(edit.version, version)
    return await _closed("edit-withdrawn", edit.withdraw(by, deps.clock(), why), by, why, deps)


async def show(id: str, deps: Deps) -> ShownEdit:
    """Return an edit with its masked event. Raises NotFound."""
    return _shown(await find(id, deps), deps)


async def find(id: str, deps: Deps) -> Edit:
    """Return an edit. Raises NotFound."""
    edit = await deps.edits.get(id)
    if edit is None:
        raise NotFound("edit-unknown", id=id)
    return edit


async def list_all(
    deps: Deps,
    *,
    state: str | None = None,
    failure: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 20,
) -> Sequence[ShownEdit]:
    """Return edits, the latest first; one more than `limit`, to tell of a next page."""
    found = await deps.edits.page(state=state, failure=failure, before=before, limit=limit + 1)
    return [_shown(edit, deps) for edit in found]


def _correct(original: object, body: bytes, asked: EditRequest, deps: Deps) -> EventCorrection:
    """Put data, or a whole event, in the place of the original's."""
    sound = is_sound(body)
    event = original if isinstance(original, dict) else None
    if asked.has_data == asked.has_body:
        raise Refusal("edit-data-or-body", field="data")
    if asked.has_body:
        return event_correction.correct_body(event, asked.body, deps.contracts, is_sound=sound)
    if event is None or not sound:
        raise Refusal("whole-body-needed", field="body")
    return event_correction.correct_data(event, asked.data, deps.contracts)


def _refuse_forbidden(failure: Failure, corrected: EventCorrection, deps: Deps) -> None:
    """Raise Refusal for an event that operators may not change, and for one that its publisher never said."""
    if not deps.topology.is_editable(corrected.event_type):
        raise Refusal("edit-not-allowed", field="/type", type=corrected.event_type)
    if is_sound(failure.body or b"") and not deps.keys.is_genuine(failure.body or b""):
        raise Refusal("edit-of-forged", field="/signature")


async def _replay(edit: Edit, by: str, deps: Deps) -> Replay:
    """Return the replay that sends what was edited, begun already."""
    now = deps.clock()
    queues = await deps.queues.look([edit.service])
    rate = deps.settings.replay_rate
    groups = [edit.group] * len(edit.members) if edit.group else ()
    preview = look_ahead(edit.chosen, groups, queues, rate)
    replay = prepared(
        edit.replay or "", "edit", None, title="", reason=edit.reason, by=edit.by, rate=rate, total=len(edit.chosen),
        preview=preview, at=now,
    )  # fmt: skip
    return replay.model_copy(update={"edit": edit.id}).take("start", by=by, at=now)


async def _closed(action: str, edit: Edit, by: str, reason: str, deps: Deps) -> Outcome[ShownEdit]:
    entry = await deps.audit.entry(
        by=by, action=action, target=edit.id, reason=reason, details={"failure": edit.failure}
    )
    changes: list[Change] = [deps.edits.save(edit), *entry]
    return Outcome(changes=changes, result=_shown(edit, deps))


def _shown(edit: Edit, deps: Deps) -> ShownEdit:
    return ShownEdit(edit, mask_event(read(edit.body)[0], deps.contracts))
