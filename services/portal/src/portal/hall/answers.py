"""What the hall's pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime

from portal.frame.calls import GatewayAnswer


class HallNamed(GatewayAnswer):
    """A code with its name in the person's language."""

    code: str
    name: str


class Notice(GatewayAnswer):
    """A decision that is published, its name and number masked."""

    applicant: str
    number: str
    outcome_name: str
    decided_on: date


class Notices(GatewayAnswer):
    """One page of notices, the latest first."""

    items: tuple[Notice, ...]
    next: str | None = None


class HallHead(GatewayAnswer):
    """Where the record of accesses ended."""

    number: int
    hash: str
    published_at: datetime


class Heads(GatewayAnswer):
    """One page of heads, the latest first."""

    items: tuple[HallHead, ...]
    next: str | None = None


class HallWaiting(GatewayAnswer):
    """What an application waits for."""

    text: str


class HallStep(GatewayAnswer):
    """Something that happened to an application."""

    on: date
    text: str


class HallProgress(GatewayAnswer):
    """Where an application stands, without a word about a person."""

    number: str
    item: HallNamed
    state_name: str
    submitted_on: date
    decided_on: date | None
    due_text: str | None
    now: tuple[HallWaiting, ...]
    steps: tuple[HallStep, ...]


class Share(GatewayAnswer):
    """A share of cases, and of how many; None for few, which the text says in words."""

    of: int | None
    share: float | None
    share_text: str


class HallFigures(GatewayAnswer):
    """The decisions of one item, or of all."""

    item: HallNamed | None
    cases: int | None
    without_people: Share
    satisfied: Share
    promise_kept: Share


class HallStatistics(GatewayAnswer):
    """A calendar month."""

    month: str
    first: date
    last: date
    total: HallFigures
    items: tuple[HallFigures, ...]
