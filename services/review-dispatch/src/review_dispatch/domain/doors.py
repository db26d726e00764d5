"""Doors in the order in which an officer walks: by street, place, building and room, numbers as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from review_dispatch.domain.record import DispatchModel
from review_dispatch.domain.task import DoorCheck, Task
from standards import address
from standards.address import Address


class Building(DispatchModel):
    """The doors of one building; `name` is what all their addresses have in common."""

    name: str
    community: str
    doors: tuple[Task, ...]


def by_building(tasks: Sequence[Task]) -> list[Building]:
    """Sort door checks by building, and within one by floor and room."""
    found: dict[tuple[str, str], list[tuple[tuple[str, ...], Task]]] = {}
    for task in tasks:
        if isinstance(task.about, DoorCheck):
            place = address.parse(task.about.address)
            key = _order(place.street, place.community, place.road, place.number, place.estate, place.building)
            within = _order(place.unit, place.floor, place.room, task.id)
            found.setdefault((task.about.community, _name(place)), []).append(((*key, *within), task))
    buildings = sorted(found.items(), key=lambda each: (each[0][0], min(order for order, _ in each[1])))
    return [
        Building(name=name, community=community, doors=tuple(task for _, task in sorted(doors, key=_first)))
        for (community, name), doors in buildings
    ]


def _first(door: tuple[tuple[str, ...], Task]) -> tuple[str, ...]:
    return door[0]


def _name(place: Address) -> str:
    number = f"{place.number}号" if place.number else ""
    building = f"{place.building}栋" if place.building else ""
    return f"{place.road}{number}{place.estate}{building}" or place.written


def _order(*parts: str) -> tuple[str, ...]:
    """Have 2 come before 10, and floors below the ground first."""
    return tuple(re.sub(r"\d+", lambda number: number[0].zfill(8), part) for part in parts)
