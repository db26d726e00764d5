"""Who asks everything that may be asked, every day, and solves for the exact counts, finds none of them.

The unknowns are counts of decisions: of each month, item, and way in which they were decided. Each answer that is told
says between which bounds a sum of unknowns lies; the solver tightens all bounds against each other until nothing moves.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from applications.api.labels import Labels
from applications.api.notices import NoticeView
from applications.api.statistics import DepartmentFiguresView, FiguresView, ItemFiguresView, ItemStatisticsView
from applications.domain.decided import Decided
from applications.domain.statistics import Month
from applications.handlers import monthly_figures, queries
from applications.open_statistics import use_cases
from applications.open_statistics.api import OpenStatisticsView
from bus.event import Outcome
from runtime.clock import today
from runtime.texts import Texts
from services.applications.tests.office import CATALOGUE, Office
from standards.disclosure import SMALLEST_GROUP, told
from standards.working_days import Calendar
from testkit.fakes import apply

Unknown = Hashable
Sum = tuple[tuple[Unknown, ...], int, int]
"""Unknowns, and the least and the most that they add up to."""
MOST = 10_000
WORDING = Labels("en", Texts.of("applications"), CATALOGUE, Calendar.load())


def solve(sums: Sequence[Sum]) -> dict[Unknown, tuple[int, int]]:
    """Return the bounds of every unknown."""
    bounds: dict[Unknown, tuple[int, int]] = {each: (0, MOST) for unknowns, _, _ in sums for each in unknowns}
    moved = True
    while moved:
        moved = False
        for unknowns, least, most in sums:
            lows, highs = (sum(bounds[each][side] for each in unknowns) for side in (0, 1))
            for each in unknowns:
                low, high = bounds[each]
                tighter = max(low, least - (highs - high)), min(high, most - (lows - low))
                if tighter != (low, high):
                    lows, highs, moved = lows + tighter[0] - low, highs + tighter[1] - high, True
                    bounds[each] = tighter
    return bounds


def differences(windows: Mapping[tuple[int, int], int | None], days: int) -> list[tuple[int, int]]:
    """Return the bounds of each day's count by what is told of windows of days: shortest paths between their ends."""
    far = [[MOST] * (days + 1) for _ in range(days + 1)]
    for place in range(days):
        far[place + 1][place] = 0
    for (first, end), count in windows.items():
        far[first][end] = min(far[first][end], (count or 0) + SMALLEST_GROUP - 1)
        far[end][first] = min(far[end][first], -(count or 0))
    for via in range(days + 1):
        for start in range(days + 1):
            for end in range(days + 1):
                far[start][end] = min(far[start][end], far[start][via] + far[via][end])
    return [(-far[end][first], far[first][end]) for first, end in pairwise(range(days + 1))]


def test_the_solver_finds_every_count_by_rounded_ones_of_overlapping_days() -> None:
    chosen = random.Random(3)
    counts = [chosen.randrange(4) for _ in range(30)]
    windows = {(i, j): told(sum(counts[i:j])) for i in range(30) for j in range(i + 1, 31)}
    found = differences(windows, 30)
    assert sum(low == high for low, high in found) >= 20
    assert all(low <= count <= high for (low, high), count in zip(found, counts, strict=True))


async def test_nobody_solves_for_a_count_by_everything_that_is_told() -> None:
    for seed in range(3):
        office, exact = await district(seed)
        sums: list[Sum] = []
        for _ in range(2):  # some days, one after the other
            office.later(timedelta(days=5))
            sums += await everything_told(office)
        found = solve(sums)
        assert found, seed
        for unknown, (low, high) in found.items():
            if unknown in exact:
                assert low <= exact[unknown] <= high, (seed, unknown)
            assert high - low >= 2, (seed, unknown, low, high)  # never fewer than three possibilities


async def district(seed: int) -> tuple[Office, dict[Unknown, int]]:
    """Make decisions of three months that are over, many of them on the edge of being told."""
    chosen = random.Random(seed)
    office, exact = Office(), dict[Unknown, int]()
    edge = (3, 4, 5, 9) if seed else (4, 9)
    for month in (9, 10):
        for item in CATALOGUE.items:
            cells = {
                (way, outcome): chosen.choice(edge) for way in (True, False) for outcome in ("approved", "rejected")
            }
            for (way, outcome), count in cells.items():
                for _ in range(count):
                    keep(office, month, chosen.randrange(1, 28), item, chosen, automatic=way, outcome=outcome)
            for way in (True, False):
                exact[f"{month}", item, way] = sum(count for (own, _), count in cells.items() if own is way)
            for outcome in ("approved", "rejected"):
                exact[f"{month}", item, outcome] = sum(count for (_, own), count in cells.items() if own == outcome)
    return office, exact


def keep(
    office: Office, month: int, day: int, item: str, chosen: random.Random, *, automatic: bool, outcome: str
) -> None:
    at = datetime(2026, month, day, 3, chosen.randrange(60), tzinfo=UTC)
    values = {
        "id": f"app_{len(office.decisions.all)}",
        "item": item,
        "outcome": outcome,
        "decided_at": at,
        "decided_by": "automatic" if automatic else "officer",
        "automatic": automatic,
        "seconds": 1.0,
        "proofs": (),
        "masked_name": "张*",
        "masked_number": "2*1",
        "in_time": chosen.random() < 0.8,
        "score": chosen.choice((None, 1, 5)),
        "rated_at": at,
    }
    apply(Outcome(changes=[office.decisions.save(Decided.model_validate(values))]))


async def everything_told(office: Office) -> list[Sum]:
    """Ask for every month and item what officials and everybody may ask for, and turn it into sums."""
    sums: list[Sum] = []
    for month in Month.of(None, today(office.clock())).back(3):
        key = f"{month.first.month}"
        for item in (None, "senior-card"):
            figures = await monthly_figures.figures(office.deps, item=item, month=month.first)
            view = ItemStatisticsView.of(figures, office.deps.criterion, WORDING)
            codes = [each.item.code for each in view.items if each.item]
            for row in (view.total, *view.items, *view.departments):
                of = codes if row is view.total else items_of(row, view)
                sums += told_of(row, key, of)
        opened = OpenStatisticsView.of(await use_cases.month(month.first, office.deps), WORDING)
        of_open = [each.item.code for each in opened.items if each.item]
        every = tuple((key, item, way) for item in of_open for way in (True, False))
        notices = await queries.notices(office.deps, month=month.first, before=None, limit=MOST)
        assert all(isinstance(NoticeView.of(each, WORDING), NoticeView) for each in notices)
        if every:
            sums += [(every, opened.total.cases or 0, MOST), (every, len(notices), MOST)]
    return sums


def items_of(row: FiguresView, view: ItemStatisticsView) -> list[str]:
    if isinstance(row, ItemFiguresView):
        return [row.item.code] if row.item else []
    assert isinstance(row, DepartmentFiguresView)
    codes = [each.item.code for each in view.items if each.item]
    return [code for code in codes if row.department and WORDING.department_of(code) == row.department.code]


def told_of(row: FiguresView, month: str, items: Iterable[str]) -> list[Sum]:
    """Say what a row tells: each part may be four more than it says, one that is not told is four at most."""
    codes = tuple(items)
    parts = {True: row.automatic, False: row.with_people, "approved": row.approved, "rejected": row.rejected}
    rest = (SMALLEST_GROUP - 1) * len(codes)
    sums: list[Sum] = [
        (tuple((month, code, part) for code in codes), count or 0, (count or 0) + rest) for part, count in parts.items()
    ]
    for pair in ((True, False), ("approved", "rejected")):
        both = tuple((month, code, part) for code in codes for part in pair)
        sums.append((both, row.decided or 0, (row.decided or 0) + 4 * rest if row.decided else MOST))
    sums += [  # both pairs add up to the same: with a slack that is what is left of MOST
        (((month, code, pair[0]), (month, code, pair[1]), (month, code, "slack")), MOST, MOST)
        for code in codes
        for pair in ((True, False), ("approved", "rejected"))
    ]
    return [each for each in sums if each[0]]
