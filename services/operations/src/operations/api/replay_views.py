"""How replays and edits are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from operations.domain.edit import Became, EditDecision
from operations.domain.edit import DisplayState as EditDisplayState
from operations.domain.edit import State as EditState
from operations.domain.group_edit import Left, Operation
from operations.domain.items import ItemState, Kind
from operations.domain.letter import Cause
from operations.domain.preview import ReplayPreview
from operations.domain.replay import DisplayState, Problem, ReplayCounts, Selection, State, Taken
from operations.handlers.edits import ShownEdit
from operations.handlers.explanations import ExplainedFailure
from operations.handlers.group_edits import MemberShown
from operations.handlers.replays import ShownReplay


class ReplayView(BaseModel):
    """A replay and how far it is; `version` is what `If-Match` asks for."""

    id: str
    version: int
    kind: Kind
    title: str
    reason: str
    by: str
    selection: Selection | None
    edit: str | None
    state: State
    display_state: DisplayState = Field(description="As people are shown it: `done` only of what got through")
    problem: Problem | None
    trouble: str | None
    rate: int
    wave: int
    counts: ReplayCounts
    preview: ReplayPreview
    driver: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ran_seconds: float = Field(description="How long it ran up to its last step")
    running_since: datetime | None = Field(description="Since when it runs; null while it stands still")
    counted_at: datetime | None
    history: tuple[Taken, ...]

    @classmethod
    def of(cls, shown: ShownReplay) -> Self:
        """Show both in one."""
        replay, progress = shown.replay, shown.progress
        told = replay.model_dump(exclude={"total", "runs"}, mode="python")
        lease = progress.lease
        return cls(
            **told,
            trouble=progress.trouble,
            wave=progress.wave,
            counts=progress.counts,
            display_state=replay.display_state(progress.counts),
            ran_seconds=replay.ran.total_seconds(),
            running_since=replay.running_since,
            driver=lease.driver if lease else None,
            counted_at=progress.at,
        )

    @classmethod
    def changed(cls, shown: ShownReplay) -> Self:
        """Show one that is about to be stored as its next version."""
        return cls.of(shown).model_copy(update={"version": shown.version + 1})


class ReplayItemView(BaseModel):
    """One message of a replay and what became of it. `ignored`: handled before, nothing happened this time.

    `failure` is what it was, or became when it failed; `why` it failed this time or, of the trail, could not be sent.
    """

    id: str
    n: int
    service: str
    event_id: str
    event_type: str
    failure: str | None
    state: ItemState
    why: str | None
    cause: Cause | None = Field(description="Why it failed this time, part by part")
    message: str | None = Field(description="Of the exception, what is personal masked")
    at: datetime | None

    @classmethod
    def of(cls, explained: ExplainedFailure) -> Self:
        item, chosen = explained.item, explained.item.chosen
        return cls(
            id=item.id,
            n=item.n,
            service=chosen.service,
            event_id=chosen.event_id,
            event_type=chosen.event_type,
            failure=explained.failure,
            state=item.rank.state,
            why=explained.why,
            cause=explained.again.cause if explained.again else None,
            message=explained.again.message if explained.again else None,
            at=item.at,
        )


class ChangeView(BaseModel):
    """One change that is done to every message of a group, without the values."""

    operation: Operation
    path: str
    to: str = Field(description="The new place of what is renamed")
    conversion: str = Field(description="Of what is converted: to what")


class MessageView(BaseModel):
    """One message of a group's edit; the difference is null when the message is gone."""

    n: int
    failure: str
    event_id: str = Field(description="Of the event that replaces the failed one")
    changed: tuple[str, ...] | None
    diff: str | None

    @classmethod
    def of(cls, shown: MemberShown) -> Self:
        diff = shown.diff
        return cls(
            n=shown.n,
            failure=shown.member.failure,
            event_id=shown.member.event_id,
            changed=diff.changed if diff else None,
            diff="\n".join(diff.lines) if diff else None,
        )


class EditView(BaseModel):
    """An edit: the masked difference, who decided what, and what became of the edited event.

    Of a group `failure`, `event_id`, `diff` and `content` are the example's.
    """

    id: str
    version: int
    failure: str
    service: str
    event_type: str
    event_id: str
    replaces: str
    by: str
    reason: str
    state: EditState
    display_state: EditDisplayState = Field(description="As people are shown it: `done` only of what was handled")
    changed: tuple[str, ...]
    diff: str
    content: object
    created_at: datetime
    approved: EditDecision | None
    closed: EditDecision | None
    replay: str | None
    sent_at: datetime | None
    fate: Became | None
    settled_at: datetime | None
    group: str | None
    changes: list[ChangeView] = Field(description="What is done to every message of the group")
    messages: int = Field(description="How many messages it sends")
    left: tuple[Left, ...] = Field(description="The failures of the group that it does not fit, and why")
    has_more: bool = Field(description="Whether the group had more failures than one edit takes")

    @classmethod
    def of(cls, shown: ShownEdit) -> Self:
        told = shown.edit.model_dump(exclude={"body", "diff", "seen", "changes", "members"})
        diff = shown.edit.diff
        return cls(
            **told,
            display_state=shown.edit.display_state,
            changed=diff.changed,
            diff="\n".join(diff.lines),
            content=shown.content,
            changes=[ChangeView(**each.model_dump(exclude={"before", "after"})) for each in shown.edit.changes],
            messages=len(shown.edit.chosen),
        )

    @classmethod
    def changed_one(cls, shown: ShownEdit) -> Self:
        """Show one that is about to be stored as its next version."""
        return cls.of(shown).model_copy(update={"version": shown.version + 1})
