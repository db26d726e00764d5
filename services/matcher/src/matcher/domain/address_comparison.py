"""Whether two addresses are the same place: building and unit must agree, the rest must not contradict."""

from __future__ import annotations

from matcher.domain.address import Address, parse

Difference = tuple[str, bool]
"""A reason's key, and whether the addresses are close all the same (True) or different (False)."""

_LEVELS = ("province", "city", "district", "street", "community", "road")
_SHORTEST_NAME = 2
_UPPER = ("province", "city", "district")


def difference(one: str, other: str) -> Difference | None:
    """Return the weightiest difference between two addresses, or None when they are the same.

    A level that only one of them names (a missing province or district) contradicts nothing; one that both name must
    agree. Building, unit and room must be named by both or by neither. What is left must be enough to find the place.
    """
    left, right = parse(one), parse(other)
    if left.written == right.written:
        return None
    for reason in (_contradiction(left, right), _place_contradiction(left, right), _inside_contradiction(left, right)):
        if reason is not None:
            return reason
    if not _says_where(left, right):
        return "incomplete", True
    return None


def _contradiction(left: Address, right: Address) -> Difference | None:
    above: set[str] = set()
    for level in _LEVELS:
        one, other = getattr(left, level), getattr(right, level)
        if one and other and not _same_name(level, one, other, above):
            return f"{level}-differs", False
        above |= {one, other} - {""}
    return None


def _same_name(level: str, one: str, other: str, above: set[str]) -> bool:
    """Compare names of a level; one may still carry the levels above it (深圳龙华民治街道 for 民治街道).

    新民治社区 is not 民治社区: what a lower level carries must be a name that was said for a level above.
    """
    shorter, longer = sorted((one, other), key=len)
    if one == other:
        return True
    if len(shorter) < _SHORTEST_NAME or not longer.endswith(shorter):
        return False
    carried = longer.removesuffix(shorter)
    if level in _UPPER or (level == "street" and len(carried) >= _SHORTEST_NAME):
        return True
    return carried.endswith(tuple(above))


def _place_contradiction(left: Address, right: Address) -> Difference | None:
    if left.road and right.road and left.number and right.number and left.number != right.number:
        return "number-differs", False
    if left.estate and right.estate and left.estate != right.estate:
        similar = left.estate in right.estate or right.estate in left.estate
        return ("estate-similar", True) if similar else ("estate-differs", False)
    return None


def _inside_contradiction(left: Address, right: Address) -> Difference | None:
    """Compare building, then unit and room; a difference weighs more than something that one side leaves out."""
    missing: Difference | None = None
    for level, name in (("building", "building"), ("unit", "unit"), ("room", "unit")):
        one, other = getattr(left, level), getattr(right, level)
        if one and other and one != other:
            return f"{name}-differs", False
        if bool(one) != bool(other) and missing is None:
            missing = f"{name}-missing", True
    return missing


def _says_where(left: Address, right: Address) -> bool:
    """Tell whether both name one place within one neighbourhood."""
    area = any(_both(left, right, level) for level in ("district", "street", "community"))
    if left.estate or right.estate or left.road or right.road:
        at_number = _both(left, right, "road") and _both(left, right, "number")
        same_estate = _both(left, right, "estate")
        no_more_said = _both(left, right, "road") and not (left.number or right.number or left.estate or right.estate)
        return area and (at_number or same_estate or no_more_said)
    return _both(left, right, "community") and _both(left, right, "building")


def _both(left: Address, right: Address, level: str) -> bool:
    return bool(getattr(left, level)) and bool(getattr(right, level))
