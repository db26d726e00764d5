"""A trail as a sequence diagram: a lifeline for all who took part, a row for every step, gaps where time passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from operations.domain import svg
from operations.domain.telling import summary, way
from operations.domain.trail import OPERATORS, Actor, CaseTrail, Placed, Step
from operations.domain.wording import Wording

_GUTTER = 168.0
_LANE = 172.0
_MARGIN = 24.0
_HEADING = 70.0
_HEAD = 44.0
_ROW = 68.0
_PAUSE = 34.0
_LONG = timedelta(minutes=1)
"""A time between two steps from which on the lifelines show a gap."""
_FONT = 13.0
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
    """Where everything is."""

    lanes: Sequence[Lane]
    words: Wording

    @property
    def width(self) -> float:
        return _GUTTER + _LANE * len(self.lanes) + _MARGIN

    def x(self, key: str) -> float:
        keys = [lane.key for lane in self.lanes]
        return _GUTTER + _LANE * (keys.index(key) + 0.5)


def draw(trail: CaseTrail, words: Wording) -> str:
    """Draw a case. Raises nothing for an empty one: it is a heading then."""
    plan = _Plan(_lanes(trail, words), words)
    title, told = summary(trail, words) if trail.steps else (words.say("case", case=trail.case), words.say("empty"))
    told = told if trail.complete else f"{told} · {words.say('more')}"
    width = max(plan.width, 2 * _MARGIN + svg.extent(told, _FONT), 2 * _MARGIN + svg.extent(title, 17))
    rows = list(_rows(trail, plan))
    top = _HEADING + _HEAD
    bottom = top + sum(height for height, _ in rows) + 16
    parts = [svg.text(_MARGIN, 32, title, "title"), svg.text(_MARGIN, 54, told, "faint")]
    parts += [part for lane in plan.lanes for part in _lifeline(plan, lane, top, bottom)]
    y = top
    for height, shapes in rows:
        parts += [f'<g transform="translate(0 {y:g})">{shapes}</g>']
        y += height
    if plan.lanes:
        parts.append(svg.text(_MARGIN, bottom + _HEAD + 26, words.say("legend"), "faint"))
    size = (width, bottom + _HEAD + 42 if plan.lanes else _HEADING + 12)
    return svg.document(
        title=title, description=_description(trail, words), size=size, language=words.language, parts=parts
    )


def _description(trail: CaseTrail, words: Wording) -> str:
    steps = (f"{p.number}. {words.clock(p.step.time)} {words.title(p.step)} ({way(p, words)})" for p in trail.steps)
    return "\n".join([*summary(trail, words), *steps])


def _lanes(trail: CaseTrail, words: Wording) -> list[Lane]:
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


def _person_lane(actor: Actor, words: Wording) -> Lane:
    department = words.lane(actor.department) if actor.department else ""
    kind = words.say(f"kinds.{actor.kind}", code=actor.name)
    return Lane(_person(actor), actor.kind, actor.name or kind, f"{kind} · {department}" if department else kind)


def _lifeline(plan: _Plan, lane: Lane, top: float, bottom: float) -> Iterator[str]:
    x = plan.x(lane.key)
    yield svg.line(x, top, x, bottom, "lifeline")
    for y in (top - _HEAD, bottom):
        wide = _LANE - 14
        head = [
            svg.box(x - wide / 2, y, wide, _HEAD, "card"),
            svg.text(x, y + 19, svg.fitting(lane.name, _FONT, wide - 12), f"name in-{_tone_of(lane.kind)}", "middle"),
            svg.text(x, y + 35, svg.fitting(lane.under, 11.5, wide - 12), "faint", "middle"),
        ]
        yield svg.group(f"{lane.name}\n{lane.under}", head)


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
        yield _ROW, _row(placed, plan, lanes)


def _pause(placed: Placed, plan: _Plan, day: str, *, long: bool) -> str:
    """Show that time passed, or that a day began."""
    shapes = [svg.line(plan.x(lane.key), 0, plan.x(lane.key), _PAUSE, "gap") for lane in plan.lanes] if long else []
    later = plan.words.say("later", time=plan.words.duration(placed.since_previous or timedelta())) if long else ""
    if day:
        shapes.append(svg.text(_MARGIN, 21, day, "name"))
    return "".join([*shapes, svg.text(_GUTTER + (plan.width - _GUTTER) / 2, 21, later, "small", "middle")])


def _row(placed: Placed, plan: _Plan, lanes: dict[str, str]) -> str:
    words, step, y = plan.words, placed.step, 38.0
    tone = step.kind if step.kind != "event" else "failure" if step.fault else "event"
    since = "" if placed.since_previous is None else words.since(placed.since_previous)
    cause = f"↳ {words.cause(placed.cause)}" if placed.cause else ""
    shapes = [
        svg.line(_MARGIN, 0, plan.width - _MARGIN, 0, "row"),
        svg.text(_MARGIN + 22, 22, str(placed.number), "faint", "end"),
        svg.text(_MARGIN + 32, 22, words.clock(step.time), "time"),
        svg.text(_MARGIN + 32, 39, since, "faint"),
        svg.text(_MARGIN + 32, 55, svg.fitting(cause, 11.5, _GUTTER - _MARGIN), "faint"),
    ]
    spread = _arrows(step, plan, lanes, y, tone, shapes)
    _label(words.title(step), words.facts(step), plan, spread, y, tone, shapes)
    return svg.group(_tooltip(placed, words), shapes)


def _tooltip(placed: Placed, words: Wording) -> str:
    """Tell everything about a step, for whoever points at it."""
    step = placed.step
    cause = words.say("caused_by", cause=words.cause(placed.cause)) if placed.cause else ""
    first = f"{placed.number}. {words.clock(step.time)} {words.title(step)}"
    return "\n".join(filter(None, (first, words.facts(step), words.actor(step.actor), cause, step.id)))


def _arrows(
    step: Step, plan: _Plan, lanes: dict[str, str], y: float, tone: str, shapes: list[str]
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


def _label(
    title: str, facts: str, plan: _Plan, spread: tuple[float, float], y: float, tone: str, shapes: list[str]
) -> None:
    """Write what happened above the arrow and what tells most of it below, in the picture in any case."""
    middle = (spread[0] + spread[1]) / 2
    room = plan.width - _GUTTER
    for content, size, below, style in ((title, _FONT, -15.0, f"label in-{tone}"), (facts, 11.5, 20.0, "small")):
        shown = svg.fitting(content, size, room)
        half = svg.extent(shown, size) / 2
        x = min(max(middle, _GUTTER + half), plan.width - 8 - half)
        shapes.append(svg.text(x, y + below, shown, style, "middle"))
