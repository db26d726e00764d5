"""A trail as a sequence diagram: a lifeline for all who took part, a row for every step, gaps where time passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from operations.domain import svg
from operations.domain.trail import OPERATORS, Actor, CaseTrail, Placed, TrailStep
from operations.domain.trail_text import summary, way
from operations.domain.trail_words import TrailWords

_GUTTER, _WIDEST_GUTTER = 168.0, 340.0
_LANE, _WIDEST_LANE = 148.0, 300.0
_MARGIN = 24.0
_HEADING = 70.0
_ROW = 68.0
_PAUSE = 34.0
_LONG = timedelta(minutes=1)
"""A time between two steps from which on the lifelines show a gap."""
_FONT, _BOLD, _SMALL = 13.0, 14.5, 11.5
_LINE = 15.0
_BESIDE = _MARGIN + 32
"""Where times and causes begin, beside the number of a step."""
_PEOPLE = ("resident", "person")
_ORDER = ("resident", "person", "department", "service", "operator")


@dataclass(frozen=True, slots=True)
class Lane:
    """One lifeline: who it is, what kind, and what stands above it."""

    key: str
    kind: str
    name: str
    under: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where everything is. What is long makes its lane or the gutter wider, up to a bound, and is wrapped beyond it."""

    lanes: Sequence[Lane]
    words: TrailWords
    gutter: float
    widths: Sequence[float]

    @classmethod
    def of(cls, trail: CaseTrail, words: TrailWords) -> _Plan:
        """Measure a trail."""
        lanes = _lanes(trail, words)
        causes = [svg.extent(_cause(placed, words), _SMALL) for placed in trail.steps]
        gutter = min(max([_GUTTER, *(_BESIDE + each + 12 for each in causes)]), _WIDEST_GUTTER)
        said = [max(svg.extent(lane.name, _BOLD), svg.extent(lane.under, _SMALL)) for lane in lanes]
        return cls(lanes, words, gutter, [min(max(_LANE, each + 34), _WIDEST_LANE) for each in said])

    @property
    def width(self) -> float:
        return self.gutter + sum(self.widths) + _MARGIN

    @property
    def head(self) -> float:
        """How high the heads of the lifelines are."""
        return max((14 + _LINE * len(self.lines_of(lane)) for lane in self.lanes), default=44.0)

    def lines_of(self, lane: Lane) -> list[tuple[str, str]]:
        """Return the lines in a lifeline's head, each with its style."""
        room = self.wide(lane.key) - 30
        names = [(line, f"name in-{_tone_of(lane.kind)}") for line in svg.wrapped(lane.name, _BOLD, room)]
        return [*names, *((line, "faint") for line in svg.wrapped(lane.under, _SMALL, room))]

    def x(self, key: str) -> float:
        before = self.widths[: self._index(key)]
        return self.gutter + sum(before) + self.wide(key) / 2

    def wide(self, key: str) -> float:
        return self.widths[self._index(key)]

    def _index(self, key: str) -> int:
        return [lane.key for lane in self.lanes].index(key)


def draw(trail: CaseTrail, words: TrailWords) -> str:
    """Draw a case. Raises nothing for an empty one: it is a heading then."""
    plan = _Plan.of(trail, words)
    title, told = summary(trail, words) if trail.steps else (words.say("case", case=trail.case), words.say("empty"))
    told = told if trail.complete else f"{told} · {words.say('more')}"
    width = max(plan.width, 2 * _MARGIN + svg.extent(told, _FONT), 2 * _MARGIN + svg.extent(title, 17))
    rows = list(_rows(trail, plan))
    top = _HEADING + plan.head
    bottom = top + sum(height for height, _ in rows) + 16
    parts = [svg.text(_MARGIN, 32, title, "title"), svg.text(_MARGIN, 54, told, "faint")]
    parts += [part for lane in plan.lanes for part in _lifeline(plan, lane, top, bottom)]
    y = top
    for height, shapes in rows:
        parts += [f'<g transform="translate(0 {y:g})">{shapes}</g>']
        y += height
    if plan.lanes:
        parts.append(svg.text(_MARGIN, bottom + plan.head + 26, words.say("legend"), "faint"))
    legend = 2 * _MARGIN + svg.extent(words.say("legend"), _SMALL)
    size = (max(width, legend), bottom + plan.head + 42) if plan.lanes else (width, _HEADING + 12)
    return svg.document(
        title=title, description=_description(trail, words), size=size, language=words.language, parts=parts
    )


def _description(trail: CaseTrail, words: TrailWords) -> str:
    steps = (f"{p.number}. {words.clock(p.step.time)} {words.heading(p)} ({way(p, words)})" for p in trail.steps)
    return "\n".join([*summary(trail, words), *steps])


def _lanes(trail: CaseTrail, words: TrailWords) -> list[Lane]:
    """Everybody who took part: people first, then outside systems, then services, each in order of appearance."""
    found: dict[str, Lane] = {}
    for placed in trail.steps:
        step = placed.step
        if step.actor.kind in _PEOPLE:
            found.setdefault(_person(step.actor), _person_lane(step.actor, words))
        outside = {step.lane} if step.actor.kind == "department" else {each for each in step.to if each in words.names}
        for code in (step.lane, *step.to):
            kind = "operator" if code == OPERATORS else "department" if code in outside else "service"
            found.setdefault(code, Lane(code, kind, words.lane(code), words.say(f"kinds.{kind}", code=code)))
    return sorted(found.values(), key=lambda lane: _ORDER.index(lane.kind))


def _person(actor: Actor) -> str:
    return f"{actor.kind}:{actor.name}"


def _person_lane(actor: Actor, words: TrailWords) -> Lane:
    department = words.lane(actor.department) if actor.department else ""
    kind = words.say(f"kinds.{actor.kind}", code=actor.name)
    return Lane(_person(actor), actor.kind, actor.name or kind, f"{kind} · {department}" if department else kind)


def _lifeline(plan: _Plan, lane: Lane, top: float, bottom: float) -> Iterator[str]:
    x = plan.x(lane.key)
    yield svg.line(x, top, x, bottom, "lifeline")
    for y in (top - plan.head, bottom):
        wide = plan.wide(lane.key) - 14
        lines = [
            svg.text(x, y + 4 + _LINE * n, line, style, "middle")
            for n, (line, style) in enumerate(plan.lines_of(lane), start=1)
        ]
        yield svg.group(f"{lane.name}\n{lane.under}", [svg.box(x - wide / 2, y, wide, plan.head, "card"), *lines])


def _tone_of(kind: str) -> str:
    return {"resident": "person", "person": "person", "operator": "action"}.get(kind, "ink")


def _rows(trail: CaseTrail, plan: _Plan) -> Iterator[tuple[float, str]]:
    day = ""
    lanes = {placed.step.id: placed.step.lane for placed in trail.steps}
    for placed in trail.steps:
        today = plan.words.day(placed.step.time)
        long = placed.since_previous is not None and placed.since_previous >= _LONG
        if long or today != day:
            yield _PAUSE, _pause(placed, plan, today if today != day else "", long=long)
        day = today
        yield _row(placed, plan, lanes)


def _pause(placed: Placed, plan: _Plan, day: str, *, long: bool) -> str:
    """Show that time passed, or that a day began."""
    shapes = [svg.line(plan.x(lane.key), 0, plan.x(lane.key), _PAUSE, "gap") for lane in plan.lanes] if long else []
    later = plan.words.say("later", time=plan.words.duration(placed.since_previous or timedelta())) if long else ""
    if day:
        shapes.append(svg.text(_MARGIN, 21, day, "name"))
    return "".join([*shapes, svg.text(plan.gutter + (plan.width - plan.gutter) / 2, 21, later, "small", "middle")])


def _row(placed: Placed, plan: _Plan, lanes: dict[str, str]) -> tuple[float, str]:
    """Draw a step, as high as what is said of it."""
    words, step = plan.words, placed.step
    room = plan.width - plan.gutter - 16
    title, facts = svg.wrapped(words.heading(placed), _FONT, room), svg.wrapped(words.about(placed), _SMALL, room)
    causes = svg.wrapped(_cause(placed, words), _SMALL, plan.gutter - _BESIDE - 8)
    y = 38.0 + _LINE * max(len(title) - 1, 0)
    height = max(_ROW, y + 30 + _LINE * max(len(facts) - 1, 0), 68.0 + _LINE * max(len(causes) - 1, 0))
    tone = step.kind if step.kind != "event" else "failure" if step.fault else "event"
    since = "" if placed.since_previous is None else words.since(placed.since_previous)
    shapes = [
        svg.line(_MARGIN, 0, plan.width - _MARGIN, 0, "row"),
        svg.text(_MARGIN + 22, 22, str(placed.number), "faint", "end"),
        svg.text(_BESIDE, 22, words.clock(step.time), "time"),
        svg.text(_BESIDE, 39, since, "faint"),
        *(svg.text(_BESIDE, 55 + _LINE * n, line, "faint") for n, line in enumerate(causes)),
    ]
    spread = _arrows(step, plan, lanes, y, tone, shapes)
    for n, line in enumerate(title):
        shapes.append(_label(line, _FONT, plan, spread, 23 + _LINE * n, f"label in-{tone}"))
    for n, line in enumerate(facts):
        shapes.append(_label(line, _SMALL, plan, spread, y + 20 + _LINE * n, "small"))
    return height, svg.group(_tooltip(placed, words), shapes)


def _cause(placed: Placed, words: TrailWords) -> str:
    return f"↳ {words.cause(placed.cause)}" if placed.cause else ""


def _tooltip(placed: Placed, words: TrailWords) -> str:
    """Tell everything about a step, for whoever points at it."""
    step = placed.step
    cause = words.say("caused_by", cause=words.cause(placed.cause)) if placed.cause else ""
    first = f"{placed.number}. {words.clock(step.time)} {words.heading(placed)}"
    return "\n".join(filter(None, (first, words.about(placed), words.actor(step.actor), cause, step.id)))


def _arrows(
    step: TrailStep, plan: _Plan, lanes: dict[str, str], y: float, tone: str, shapes: list[str]
) -> tuple[float, float]:
    """Draw who acted and whom it reaches; return the leftmost and rightmost place."""
    here = plan.x(step.lane)
    reached = [plan.x(each) for each in step.to]
    people = [plan.x(_person(step.actor))] if step.actor.kind in _PEOPLE else []
    shapes += [svg.line(x, y - 8, here, y - 8, "person dashed", head="person") for x in people]
    if step.kind == "failure":
        origin = plan.x(lanes[step.cause]) if step.cause in lanes else here
        shapes += [svg.line(origin, y, here, y, "failure dashed"), *_cross(here, y)]
        return min(origin, here), max(origin, here)
    style = f"{tone} dashed" if step.fault or step.kind == "action" else tone
    for x in reached:
        shapes.append(_loop(here, y, style, tone) if x == here else svg.line(here, y, x, y, style, head=tone))
    shapes.append(svg.circle(here, y, 4, f"fill-{tone}" if reached else f"{tone} ground"))
    around = [here, *(reached or people)]
    return min(around), max(around)


def _cross(x: float, y: float) -> list[str]:
    arm = 5.0
    return [
        svg.circle(x, y, 10, "failure ground"),
        svg.line(x - arm, y - arm, x + arm, y + arm, "failure"),
        svg.line(x - arm, y + arm, x + arm, y - arm, "failure"),
    ]


def _loop(x: float, y: float, style: str, tone: str) -> str:
    """Draw an arrow from a lifeline to itself."""
    path = f"M{x:g} {y:g}h26v12h-24"
    return f'<path d="{path}" class="{style}" marker-end="url(#head-{tone})"/>'


def _label(line: str, size: float, plan: _Plan, spread: tuple[float, float], y: float, style: str) -> str:
    """Write a line in the middle of its arrows, as far as it is in the picture there."""
    half = svg.extent(line, size) / 2
    x = min(max((spread[0] + spread[1]) / 2, plan.gutter + half), plan.width - 8 - half)
    return svg.text(x, y, line, style, "middle")
