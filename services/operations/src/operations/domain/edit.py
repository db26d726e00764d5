"""An edit: a message that failed, put right by one operator, approved by another, sent under an id of its own.

The original stays as it is. The edited event carries a new id and says in `replaces` which one it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from operations.domain.diff import Diff
from operations.domain.group_edit import FieldChange, Left, Member
from operations.domain.items import ChosenItem, Fate
from runtime.errors import Conflict, NotAllowed, TextKey

Became = Literal["handled", "ignored", "failed"]
"""What became of the edited event; `ignored` is no success: nothing happened."""
State = Literal["proposed", "approved", "sent", "done", "rejected", "withdrawn"]
DisplayState = State | Literal["failed", "ignored"]
"""The state as people are shown it: `done` is said only of what was handled."""


class EditDecision(BaseModel):
    """Who decided, when and why."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime
    reason: str = ""


class Edit(BaseModel):
    """What is to be sent instead of a failure's message, and what was decided about it."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    failure: str
    seen: int
    """How often the failure had been seen when the edit was made: what failed again since is looked at again."""
    service: str
    event_type: str
    replaces: str
    """The event that it replaces; empty when the original could not be read."""
    event_id: str
    by: str
    reason: str
    body: bytes
    diff: Diff
    state: State
    created_at: datetime
    approved: EditDecision | None = None
    closed: EditDecision | None = None
    """Who rejected or withdrew it."""
    replay: str | None = None
    """The replay that sends it."""
    sent_at: datetime | None = None
    fate: Became | None = None
    settled_at: datetime | None = None
    group: str | None = None
    """The group that it is for; None when it is for one failure."""
    changes: tuple[FieldChange, ...] = ()
    """What is done to every message of the group that it fits."""
    members: tuple[Member, ...] = ()
    """The failures of the group that it is for, frozen when it was proposed; `failure`, the example, is the first."""
    left: tuple[Left, ...] = ()
    """Those that it does not fit."""
    has_more: bool = False
    """Whether the group had more than one edit takes."""

    @property
    def chosen(self) -> tuple[ChosenItem, ...]:
        """The messages that it sends."""
        members = self.members or (Member(failure=self.failure, seen=self.seen, event_id=self.event_id),)
        return tuple(
            ChosenItem(self.service, each.event_id, self.event_type, each.failure, each.seen) for each in members
        )

    @property
    def display_state(self) -> DisplayState:
        """The state as people are shown it: what became of it, once that is known."""
        return self.fate if self.state == "done" and self.fate in {"failed", "ignored"} else self.state

    def approve(self, by: str, at: datetime, replay: str, reason: str = "") -> Edit:
        """Let it be sent. Raises NotAllowed when the one who made it approves, Conflict when it is decided."""
        self._require("proposed", "approve")
        if by == self.by:
            raise NotAllowed("same-person", by=by)
        approved = EditDecision(by=by, at=at, reason=reason)
        return self.model_copy(update={"state": "approved", "approved": approved, "replay": replay})

    def reject(self, by: str, at: datetime, reason: str) -> Edit:
        """Refuse it. Raises Conflict when it is decided."""
        self._require("proposed", "reject")
        return self.model_copy(update={"state": "rejected", "closed": EditDecision(by=by, at=at, reason=reason)})

    def withdraw(self, by: str, at: datetime, reason: str) -> Edit:
        """Take it back. Raises NotAllowed for anybody but its maker, Conflict when it is decided."""
        self._require("proposed", "withdraw")
        if by != self.by:
            raise NotAllowed("not-your-edit", by=self.by)
        return self.model_copy(update={"state": "withdrawn", "closed": EditDecision(by=by, at=at, reason=reason)})

    def give_up(self, by: str, at: datetime, reason: str) -> Edit:
        """Close an approved one whose replay was cancelled before anything was confirmed."""
        if self.state != "approved":
            return self
        return self.model_copy(update={"state": "withdrawn", "closed": EditDecision(by=by, at=at, reason=reason)})

    def send(self, at: datetime) -> Edit:
        """Note that the broker has confirmed it; once is enough."""
        return self.model_copy(update={"state": "sent", "sent_at": at}) if self.state == "approved" else self

    def settle(self, fate: Fate) -> Edit:
        """Note what became of it. What is known already and says more stays."""
        if self.state not in {"sent", "done"} or _WEIGHT[fate.fate] <= _WEIGHT.get(self.fate or "", 0):
            return self
        return self.model_copy(update={"state": "done", "fate": fate.fate, "settled_at": fate.at})

    def _require(self, state: State, step: str) -> None:
        if self.state != state:
            raise Conflict(
                "edit-not-possible",
                step=TextKey(f"web.edit.{step}"),
                state=TextKey(f"web.edit-states.{self.display_state}"),
            )


_WEIGHT: Mapping[str, int] = {"ignored": 1, "failed": 2, "handled": 3}
