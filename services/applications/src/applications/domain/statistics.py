"""Figures for officials: how much needed no people, and where people are no longer needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Self

from pydantic import Field

from applications.domain.record import ApplicationsModel
from applications.domain.review_switch import Back
from runtime.errors import Refusal
from standards.disclosure import told, total
from standards.moments import SHENZHEN

CITY_MIRROR = "city-mirror"
_A_DAY = timedelta(days=1)
_DAYS_OF_NO_MONTH = 32


class Criterion(ApplicationsModel):
    """When human review of a document type can be switched off: enough proofs, almost all from the city mirror.

    `back`: when it comes back by itself.
    """

    minimum_proofs: int = Field(gt=0)
    city_mirror_share: float = Field(gt=0, le=1)
    back: Back = Back()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Decisions that a document type had a part in, how often people reviewed it in them, and how that ended."""

    decided: int
    reviews: int
    approved_by_people: int
    refused_by_people: int


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """What was decided of one item in the period; `seconds` are the times from submission to decision."""

    item: str
    approved: int
    rejected: int
    automatic: int
    by_officer: int
    rated: int
    score_total: int
    satisfied: int
    """Ratings of 4 and 5."""
    seconds: tuple[float, ...]
    promised: int = 0
    """Those of which is known whether they were decided by the promised day."""
    in_time: int = 0

    @property
    def decided(self) -> int:
        """How many were decided."""
        return self.approved + self.rejected

    @property
    def with_people(self) -> int:
        """How many somebody had to look at."""
        return self.decided - self.automatic


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, the running one up to yesterday: what was asked a day later says nothing of today.

    Figures are of these and of no other periods: from those of overlapping ones each exact count could be worked out.
    """

    first: date
    end: date
    """The day after its last one."""

    @classmethod
    def of(cls, day: date | None, now: date) -> Self:
        """Return the month of a day; without one, of yesterday. Raises Refusal for one to come."""
        begin = (day or now - _A_DAY).replace(day=1)
        if begin > now:
            raise Refusal("month-to-come", field="month")
        return cls(begin, min(_next(begin), now))

    @property
    def last(self) -> date:
        """Its last day that counts."""
        return self.end - _A_DAY

    @property
    def since(self) -> datetime:
        """The moment of its beginning."""
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """The moment of its end."""
        return _midnight(self.end)

    def back(self, months: int) -> tuple[Self, ...]:
        """Return so many months that end with this one, the earliest first."""
        found = [self]
        while len(found) < months:
            before = (found[0].first - _A_DAY).replace(day=1)
            found.insert(0, type(self)(before, found[0].first))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What was decided in a month, by item."""

    month: Month
    items: tuple[ItemFigures, ...]


@dataclass(frozen=True, slots=True)
class ProofFigures:
    """How many proofs one document type had from one source, and for how many of them something was handed in."""

    document_type: str
    source: str
    proofs: int
    handed_in: int

    def as_told(self) -> Self:
        """Return it rounded as it may be told, so that what is made of it gives no exact count away."""
        handed_in, spared = told(self.handed_in) or 0, told(self.proofs - self.handed_in) or 0
        return replace(self, proofs=handed_in + spared, handed_in=handed_in)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the review of a document type could be switched off now, and what is missing."""

    document_type: str
    proofs: int
    by_source: Mapping[str, int]
    city_mirror_share: float
    can_switch_off: bool
    proofs_missing: int


def total_of(figures: Iterable[ItemFigures]) -> ItemFigures:
    """Add items up; the total's `item` is empty."""
    rows = list(figures)
    return ItemFigures(
        item="",
        approved=sum(row.approved for row in rows),
        rejected=sum(row.rejected for row in rows),
        automatic=sum(row.automatic for row in rows),
        by_officer=sum(row.by_officer for row in rows),
        rated=sum(row.rated for row in rows),
        score_total=sum(row.score_total for row in rows),
        satisfied=sum(row.satisfied for row in rows),
        seconds=tuple(second for row in rows for second in row.seconds),
        promised=sum(row.promised for row in rows),
        in_time=sum(row.in_time for row in rows),
    )


def told_cases(figures: Iterable[ItemFigures]) -> int | None:
    """Return how many cases of some items are told: those without people and those with are told by themselves."""
    return total(0, [each for row in figures for each in (row.automatic, row.with_people)])


def by_group(figures: Iterable[ItemFigures], group_of: Callable[[str], str]) -> dict[str, list[ItemFigures]]:
    """Return the figures of the items by a group that each item belongs to, such as its department."""
    found: dict[str, list[ItemFigures]] = {}
    for row in figures:
        found.setdefault(group_of(row.item), []).append(row)
    return {group: found[group] for group in sorted(found)}


def readiness(figures: Iterable[ProofFigures], criterion: Criterion) -> tuple[Readiness, ...]:
    """Judge every document type by the criterion, in order of their codes."""
    by_type: dict[str, dict[str, int]] = {}
    for row in figures:
        sources = by_type.setdefault(row.document_type, {})
        sources[row.source] = sources.get(row.source, 0) + row.proofs
    return tuple(_judge(code, by_type[code], criterion) for code in sorted(by_type))


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed (nearest rank); None without any."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = -(-len(ordered) * int(share * 100) // 100)
    return ordered[max(rank, 1) - 1]


def _judge(document_type: str, by_source: Mapping[str, int], criterion: Criterion) -> Readiness:
    proofs = sum(by_source.values())
    share = by_source.get(CITY_MIRROR, 0) / proofs if proofs else 0.0
    return Readiness(
        document_type=document_type,
        proofs=proofs,
        by_source=by_source,
        city_mirror_share=share,
        can_switch_off=proofs >= criterion.minimum_proofs and share >= criterion.city_mirror_share,
        proofs_missing=max(0, criterion.minimum_proofs - proofs),
    )


def _next(begin: date) -> date:
    return (begin + timedelta(days=_DAYS_OF_NO_MONTH)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHENZHEN)
