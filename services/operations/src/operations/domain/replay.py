"""A replay: a frozen selection of messages on its way back to the services that are to hear them again.

What operators decide (start, pause, resume, cancel) and what the driver finds (one failed again, a queue is gone,
nothing is left) are steps from state to state; each is kept in the replay's history.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from operations.domain.items import ItemStatus, Kind
from operations.domain.preview import ReplayPreview
from operations.domain.search import ChosenFailures
from runtime.errors import Conflict, Refusal, TextKey

State = Literal["prepared", "running", "paused", "stopped", "cancelled", "done"]
Step = Literal["prepare", "start", "pause", "resume", "cancel", "stop", "block", "finish"]
Problem = Literal["failed-again", "queue-gone"]
DisplayState = State | Literal["done-with-failures", "done-without-effect"]
"""The state as people are shown it: `done` is said only of what got through."""

WAVES = (1, 10, 100)
"""How many are sent, and must be handled, before the next wave; after the last the rest goes at the rate."""

DRIVER = "operations"
"""Who takes the steps that no operator took."""

_STEPS: dict[Step, tuple[frozenset[State], State]] = {
    "start": (frozenset({"prepared"}), "running"),
    "pause": (frozenset({"running"}), "paused"),
    "resume": (frozenset({"paused", "stopped"}), "running"),
    "cancel": (frozenset({"prepared", "running", "paused", "stopped"}), "cancelled"),
    "stop": (frozenset({"running"}), "stopped"),
    "block": (frozenset({"running"}), "paused"),
    "finish": (frozenset({"running", "paused", "stopped"}), "done"),
}
"""From which states a step leads to which."""


class Between(BaseModel):
    """A selection from the trail: what one service acts on of what happened from `since` to before `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    since: datetime
    until: datetime
    types: tuple[str, ...] = ()
    """Only these event types; all that the service acts on when none are named."""


Selection = ChosenFailures | Between


class Taken(BaseModel):
    """A step that was taken: by whom, when, why."""

    model_config = ConfigDict(frozen=True)

    step: Step
    by: str
    at: datetime
    reason: str = ""


class Replay(BaseModel):
    """What was selected, what operators decided about it, and where it stands."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    kind: Kind
    title: str
    reason: str
    by: str
    selection: Selection | None
    edit: str | None = None
    """The edit that it sends."""
    state: State
    problem: Problem | None = None
    rate: int = Field(ge=1)
    """Messages a second, at most."""
    total: int
    preview: ReplayPreview
    runs: int = 0
    """How often it was started or resumed: each time it begins with the canary."""
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    history: tuple[Taken, ...]

    def take(self, step: Step, *, by: str, at: datetime, reason: str = "") -> Replay:
        """Take a step. Raises Conflict where none leads from here."""
        sources, target = _STEPS[step]
        if self.state not in sources:
            raise Conflict(
                "replay-not-possible",
                step=TextKey(f"web.steps.{step}"),
                state=TextKey(f"web.replay-states.{self.state}"),
            )
        begins = target == "running"
        return self.model_copy(
            update={
                "state": target,
                "problem": _PROBLEMS.get(step),
                "runs": self.runs + begins,
                "started_at": self.started_at or (at if begins else None),
                "ended_at": at if target in {"cancelled", "done"} else None,
                "history": (*self.history, Taken(step=step, by=by, at=at, reason=reason)),
            }
        )

    def display_state(self, counts: ReplayCounts) -> DisplayState:
        """Return the state as people are shown it. That an edited event was ignored is no success."""
        if self.state != "done":
            return self.state
        if counts.failed or (self.kind == "trail" and counts.skipped):
            return "done-with-failures"
        has_effect = counts.handled or (counts.ignored and self.kind != "edit")
        return "done" if has_effect else "done-without-effect"

    @property
    def ran(self) -> timedelta:
        """How long it has run up to its last step: it stands still while it is paused, stopped or over."""
        spent, since = timedelta(), None
        for taken in self.history:
            if taken.step in _BEGIN:
                since = taken.at
            elif since is not None:
                spent, since = spent + max(taken.at - since, timedelta()), None
        return spent

    @property
    def running_since(self) -> datetime | None:
        """Since when it runs; None while it stands still."""
        return self.history[-1].at if self.history[-1].step in _BEGIN else None

    def ran_until(self, now: datetime) -> timedelta:
        """How long it has run by now."""
        since = self.running_since
        return self.ran + (max(now - since, timedelta()) if since else timedelta())

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will be sent any more."""
        return self.state in {"cancelled", "done"}


_BEGIN = ("start", "resume")
_PROBLEMS: dict[Step, Problem] = {"stop": "failed-again", "block": "queue-gone"}


class ReplayCounts(BaseModel):
    """How many items stand where. `sent` includes what is about to be confirmed."""

    model_config = ConfigDict(frozen=True)

    total: int = 0
    pending: int = 0
    sent: int = 0
    handled: int = 0
    ignored: int = 0
    failed: int = 0
    skipped: int = 0

    @classmethod
    def of(cls, ranks: bytes | bytearray) -> ReplayCounts:
        """Count the ranks of all items."""
        return cls(
            total=len(ranks),
            pending=ranks.count(ItemStatus.PENDING),
            sent=ranks.count(ItemStatus.SENDING) + ranks.count(ItemStatus.SENT),
            handled=ranks.count(ItemStatus.HANDLED),
            ignored=ranks.count(ItemStatus.IGNORED),
            failed=ranks.count(ItemStatus.FAILED),
            skipped=ranks.count(ItemStatus.SKIPPED),
        )


class Lease(BaseModel):
    """Which driver drives the replay, and until when nobody else may."""

    model_config = ConfigDict(frozen=True)

    driver: str
    until: datetime


class ProgressNote(BaseModel):
    """How far a replay is, as its driver noted it; kept apart from the replay, whose version is the operators'."""

    model_config = ConfigDict(frozen=True)

    id: str
    is_active: bool = False
    """Whether a driver has something to do about it."""
    version: int = 0
    """The replay's version when an operator's step last made it active."""
    run: int = 0
    """The run that `wave` and `failed_before` belong to."""
    wave: int = 0
    """How many waves of the canary are over."""
    failed_before: int = 0
    """How many had failed when the run began: they do not stop it again."""
    counts: ReplayCounts = ReplayCounts()
    trouble: str | None = None
    """What holds it up for the moment: `broker-away`, `store-away`."""
    lease: Lease | None = None
    at: datetime | None = None


def prepared(  # noqa: PLR0913 - all that a replay is made of
    id: str,
    kind: Kind,
    selection: Selection | None,
    *,
    title: str,
    reason: str,
    by: str,
    rate: int,
    total: int,
    preview: ReplayPreview,
    at: datetime,
) -> Replay:
    """Return a replay of a frozen selection. Raises Refusal when nothing was selected."""
    if total == 0:
        raise Refusal("nothing-selected", field="selection")
    return Replay(
        id=id,
        kind=kind,
        title=title,
        reason=reason,
        by=by,
        selection=selection,
        state="prepared",
        rate=rate,
        total=total,
        preview=preview,
        created_at=at,
        history=(Taken(step="prepare", by=by, at=at, reason=reason),),
    )
