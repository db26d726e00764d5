"""Whether two addresses are the same place.

They are equal only when everything that both sides say has been accounted for: it is said by both alike, or it is
an upper level, a road or an estate that one side may leave out because the rest proves it. Whatever else is left over
on one side, and whatever contradicts, makes them different, or close at the most (a person looks):

- whatever is added to one side behind the place (floor, room, cellar, 旁, a remark) leaves it unequal;
- any other number, letter or floor on one side leaves it unequal;
- parts are never reordered: building 3 of part 2 is not building 2 of part 3;
- what names no place proves nothing, not even beside itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from standards.address import Address, parse, says_a_place
from standards.address_text import LONGEST
from standards.areas import Area, implied, is_successor

Difference = tuple[str, bool]
"""A reason's key, and whether the addresses are close all the same (True) or different (False)."""

_LEVELS = ("province", "city", "district", "street", "community", "road")
_SHORTEST_NAME = 2
_NO_NAME = (
    "地下|地库|车库|车位|负|区|楼|别墅|厂|宿舍|女工|男工|民工|打工|工地|男生|女生|学校|校园|医院|部队|招待|出租|外来|仓库|食堂|板房|铁皮|"
    "天台|会所|物业|门卫|保安|值班|[旁侧对隔附近背裙副阁]"
)
_ESTATE = re.compile(
    rf"(?![东南西北前后左右上下内外].{{0,2}}$)(?!.*(?:{_NO_NAME}))(?!.*[苑园村].*[苑城村庄居府湾里郡邸园]$)(?![新旧老大小]?"
    r"(?:员工|职工|工人|学生|教工|教师|单身|人才|青年|老年|老人|干部|家属|专家|后勤|附属|配套|商业|商务|办公|科研|住宅|综合|行政|"
    r"临时|集体|周转|廉租|公租|保障|安置|回迁|拆迁|新建|扩建|自建|主体|内部|原有|其他)+(?:花园|家园|新村|.)$)"
    r"[一-鿿]{2,12}(?:花园|家园|新村|[苑城村庄居府湾里郡邸])"
)
_LANE = re.compile(r"[0-9东南西北中上下前后左右新老旧大小正横直]*(?:大道|路|街|巷|胡同|弄)")
"""A road without a name of its own, of which every village has one: 七巷, 西街."""
"""The proper name of an estate and nothing more, which may be left out beside the same house number.

A tower or a dormitory (大厦, 公寓) is a house of its own, 新城 or 安置新村 is no name, and 汇龙苑东苑 is a part of one.
"""


def difference(one: str, other: str) -> Difference | None:
    """Return the weightiest difference between two addresses, or None when they are the same.

    A level that only one of them names (a missing province or district) contradicts nothing; one that both name must
    agree. Building, unit, floor and room must be named by both or by neither. What is left must be enough to find the
    place.
    """
    if max(len(one), len(other)) > LONGEST:
        return "too-long", False
    left, right = parse(one), parse(other)
    if not (says_a_place(left) and says_a_place(right)):
        return "no-place", False
    if left.written == right.written:
        return None if _is_within_an_area(left) else ("incomplete", True)
    found = list(_differences(left, right))
    return min(found, key=lambda each: each[1], default=None)


def _differences(left: Address, right: Address) -> Iterator[Difference]:
    """Yield what differs, from the upper levels to the room."""
    yield from _levels(left, right)
    if not _says_where(left, right):
        yield "incomplete", True
    yield from _places(left, right)
    for level in ("building", "unit", "floor", "room"):
        yield from _inside(level, left, right)
    if left.remarks != right.remarks:
        yield "remark", True


def _levels(left: Address, right: Address) -> Iterator[Difference]:
    one, other, above = _names(left), _names(right), set[str]()
    for level in _LEVELS:
        if one[level] and other[level]:
            kinds = left.kinds.get(level, ""), right.kinds.get(level, "")
            yield from _level(level, (one[level], other[level]), kinds, above)
        above |= {one[level], other[level]} - {""}


def _names(address: Address) -> dict[str, str]:
    """Return the names of the levels, with the province and city that those below imply: 海南省 contradicts 深圳市."""
    kind = address.kinds.get("district", "")
    area = implied(Area(address.province, address.city, district=address.district, district_kind=kind))
    return {
        "province": area.province,
        "city": area.city,
        "district": address.district,
        "street": address.street,
        "community": address.community,
        "road": address.road,
    }


def _level(level: str, names: tuple[str, str], kinds: tuple[str, str], above: set[str]) -> Iterator[Difference]:
    """Compare what both call a level: the name, and the word of its kind (潮阳县 is not 潮阳区 for certain)."""
    if not _same_name(*names, above):
        renamed = _is_former(names[0] + kinds[0], names[1] + kinds[1])
        yield ("area-renamed", True) if renamed else (f"{level}-differs", False)
    elif level == "road" and names[0] != names[1] and any(map(_LANE.fullmatch, names)):
        yield "one-says-more", True
    elif all(kinds) and kinds[0] != kinds[1] and set(kinds) != {"区", "新区"}:
        yield "area-renamed", True


def _is_former(one: str, other: str) -> bool:
    return is_successor(one, other) or is_successor(other, one)


def _same_name(one: str, other: str, above: set[str]) -> bool:
    """Compare names of a level; one may still carry the levels above it (邵阳邵东两市镇 for 两市镇).

    新民治社区 is not 民治社区: what a lower level carries must be names that were said for levels above.
    """
    shorter, longer = sorted((one, other), key=len)
    if one == other:
        return True
    if len(shorter) < _SHORTEST_NAME or not longer.endswith(shorter):
        return False
    carried = longer.removesuffix(shorter)
    while name := max((name for name in above if carried.endswith(name)), key=len, default=""):
        carried = carried.removesuffix(name)
    return not carried


def _places(left: Address, right: Address) -> Iterator[Difference]:
    if left.road and right.road and left.number != right.number:
        yield ("number-differs", False) if left.number and right.number else ("number-missing", True)
    if left.estate == right.estate:
        return
    if left.estate and right.estate:
        similar = left.estate in right.estate or right.estate in left.estate
        yield ("estate-similar", True) if similar else ("estate-differs", False)
    elif not _may_leave_out(left.estate or right.estate, left, right):
        yield "one-says-more", True


def _may_leave_out(estate: str, left: Address, right: Address) -> bool:
    """Tell whether the estate adds nothing: it is the name of one, and house number and what is inside are the same."""
    inside = _both(left, right, "building") or _both(left, right, "room")
    return inside and _at_one_number(left, right) and _ESTATE.fullmatch(estate) is not None


def _inside(level: str, left: Address, right: Address) -> Iterator[Difference]:
    one, other = getattr(left, level), getattr(right, level)
    name = "unit" if level == "room" else level
    if one and other and one != other:
        yield f"{name}-differs", False
    elif one != other:
        yield f"{name}-missing", True


def _says_where(left: Address, right: Address) -> bool:
    """Tell whether both name one place within one neighbourhood."""
    area = any(_both(left, right, level) for level in ("district", "street", "community"))
    if _crosswise(left, right):
        return False
    if left.estate or right.estate or left.road or right.road:
        same_estate = _both(left, right, "estate")
        no_more_said = _both(left, right, "road") and not (left.number or right.number or left.estate or right.estate)
        return area and (_at_one_number(left, right) or same_estate or no_more_said)
    return _both(left, right, "community") and _both(left, right, "building")


def _crosswise(left: Address, right: Address) -> bool:
    """Tell whether one names only the street office and the other only the community: neither is proven."""
    one, other = (bool(left.street), bool(left.community)), (bool(right.street), bool(right.community))
    return {one, other} == {(True, False), (False, True)}


def _is_within_an_area(address: Address) -> bool:
    village = address.kinds["community"] == "村"  # rural addresses may end with it
    return any((village, address.road, address.estate, address.building, address.room))


def _at_one_number(left: Address, right: Address) -> bool:
    return _both(left, right, "road") and _both(left, right, "number")


def _both(left: Address, right: Address, level: str) -> bool:
    return bool(getattr(left, level)) and bool(getattr(right, level))
