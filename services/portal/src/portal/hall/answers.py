"""What the hall's pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime

from portal.frame.calls import Answer


class Named(Answer):
    """A code with its name in the person's language."""

    code: str
    name: str


class Notice(Answer):
    """A decision that is published, its name and number masked."""

    applicant: str
    number: str
    outcome_name: str
    decided_on: date


class Notices(Answer):
    """One page of notices, the latest first."""

    items: tuple[Notice, ...]
    next: str | None = None


class Head(Answer):
    """Where the record of accesses ended."""

    number: int
    hash: str
    published_at: datetime


class Heads(Answer):
    """One page of heads, the latest first."""

    items: tuple[Head, ...]
    next: str | None = None


class Waiting(Answer):
    """What an application waits for."""

    text: str


class Step(Answer):
    """Something that happened to an application."""

    on: date
    text: str


class Progress(Answer):
    """Where an application stands, without a word about a person."""

    number: str
    item: Named
    state_name: str
    submitted_on: date
    decided_on: date | None
    due_text: str | None
    now: tuple[Waiting, ...]
    steps: tuple[Step, ...]


class Share(Answer):
    """A share of cases, and of how many; None for few, which the text says in words."""

    of: int | None
    share: float | None
    share_text: str


class Figures(Answer):
    """The decisions of one item, or of all."""

    item: Named | None
    cases: int | None
    without_people: Share
    satisfied: Share
    promise_kept: Share


class Statistics(Answer):
    """A calendar month."""

    month: str
    first: date
    last: date
    total: Figures
    items: tuple[Figures, ...]
