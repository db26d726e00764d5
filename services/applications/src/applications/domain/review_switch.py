"""Switching human review of a document type off, by two officials, and back by itself when that was too early.

What counts against it while it is off: people who ask for a correction of such a document (disputes), and people for
whom the department corrected it (overturned), each once, within the days of `data/switching_off.yaml`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from applications.domain.record import Aggregate, ApplicationsModel
from runtime.errors import Conflict

Review = Literal["people", "automatic"]
Signal = Literal["disputes", "overturned"]
Why = Literal["proposal", "disputes", "overturned"]

PROPOSAL_LASTS = timedelta(days=14)
"""How long a proposal waits for a second official (assumed)."""


class Back(ApplicationsModel):
    """When review comes back by itself: more than so many people of either kind within so many days."""

    days: int = Field(default=30, gt=0)
    disputes: int = Field(default=5, ge=0)
    overturned: int = Field(default=2, ge=0)

    def most(self, kind: Signal) -> int:
        """Return how many people of a kind there may be."""
        return self.disputes if kind == "disputes" else self.overturned


class Proposal(ApplicationsModel):
    """What one official proposes and another has to approve."""

    review: Review
    by: str
    at: datetime
    reason: str

    @property
    def ends_at(self) -> datetime:
        """When it lapses."""
        return self.at + PROPOSAL_LASTS


class Heard(ApplicationsModel):
    """One person who disputed, or whose record was corrected, while review was off."""

    kind: Signal
    index: str
    at: datetime


class SwitchStep(ApplicationsModel):
    """One entry of the history."""

    what: Literal["proposed", "rejected", "switched"]
    review: Review
    by: tuple[str, ...]
    """Who did it; nobody: it went back by itself."""
    at: datetime
    why: Why = "proposal"
    reason: str = ""


class ReviewSwitch(Aggregate):
    """Whether people review what fails to match of one document type; `id` is its code."""

    review: Review = "people"
    since: datetime | None = None
    proposal: Proposal | None = None
    heard: tuple[Heard, ...] = ()
    history: tuple[SwitchStep, ...] = ()

    def proposed(self, proposal: Proposal) -> ReviewSwitch:
        """Propose the other way; an earlier proposal that nobody approved gives way once its time is over.

        Raises Conflict.
        """
        if self.review == proposal.review:
            raise Conflict("review-is-so-already")
        if self.open_proposal(proposal.at) is not None:
            raise Conflict("review-proposed-already")
        step = SwitchStep(
            what="proposed", review=proposal.review, by=(proposal.by,), at=proposal.at, reason=proposal.reason
        )
        return self.model_copy(update={"proposal": proposal, "history": (*self.history, step)})

    def open_proposal(self, at: datetime) -> Proposal | None:
        """Return the proposal that waits for a second official."""
        waits = self.proposal is not None and self.proposal.ends_at > at
        return self.proposal if waits else None

    def approved(self, by: str, at: datetime) -> ReviewSwitch:
        """Switch as proposed, by another official than who proposed it. Raises Conflict."""
        proposal = self._proposal(at)
        if proposal.by == by:
            raise Conflict("review-needs-another-official")
        step = SwitchStep(what="switched", review=proposal.review, by=(proposal.by, by), at=at, reason=proposal.reason)
        return self._switched(step)

    def rejected(self, by: str, reason: str, at: datetime) -> ReviewSwitch:
        """Drop the proposal; who made it may do so, too. Raises Conflict."""
        step = SwitchStep(what="rejected", review=self._proposal(at).review, by=(by,), at=at, reason=reason)
        return self.model_copy(update={"proposal": None, "history": (*self.history, step)})

    def hearing(self, news: Heard, back: Back, now: datetime) -> ReviewSwitch:
        """Count one more person, and go back to people when there are too many; the very same when it is no news.

        News of before it was switched off, and of people who count already, change nothing.
        """
        if self.review == "people" or self.since is None or news.at < self.since:
            return self
        if any((each.kind, each.index) == (news.kind, news.index) for each in self.heard):
            return self
        heard = (*self.heard, news)
        if _are_too_many([each.at for each in heard if each.kind == news.kind], back.most(news.kind), back.days):
            return self._switched(SwitchStep(what="switched", review="people", by=(), at=now, why=news.kind))
        return self.model_copy(update={"heard": heard})

    def _proposal(self, at: datetime) -> Proposal:
        proposal = self.open_proposal(at)
        if proposal is None:
            raise Conflict("review-not-proposed")
        return proposal

    def _switched(self, step: SwitchStep) -> ReviewSwitch:
        changed = {"review": step.review, "since": step.at, "proposal": None, "heard": ()}
        return self.model_copy(update={**changed, "history": (*self.history, step)})


def _are_too_many(moments: list[datetime], most: int, days: int) -> bool:
    """Tell whether more than so many lie within so many days, in whichever order they became known."""
    moments = sorted(moments)
    return any(late - early <= timedelta(days=days) for early, late in zip(moments, moments[most:], strict=False))
